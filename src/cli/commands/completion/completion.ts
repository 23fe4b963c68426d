/** `efscli completion`: completion scripts for bash, zsh and fish, generated from the command tree. */
import { Command } from "commander";
import { EfsError } from "../../../base/errors.ts";
import { examples } from "../../help-text.ts";
import { wholeProgram } from "../../program.ts";
import type { Session } from "../../session.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { spotsOf } from "./spots.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(session: Session): Command {
  const command = new Command("completion")
    .description("print a completion script for bash, zsh or fish")
    .argument("<shell>", "bash, zsh or fish", parseShell)
    .action((shell: keyof typeof SCRIPTS) => run(session, shell));
  return examples(command, [
    "source <(efscli completion bash)",
    "efscli completion zsh > ~/.zfunc/_efscli",
    "efscli completion fish > ~/.config/fish/completions/efscli.fish",
  ]);
}

async function run(session: Session, shell: keyof typeof SCRIPTS): Promise<void> {
  const spots = spotsOf(await wholeProgram(session));
  await session.parts.stdout.write(SCRIPTS[shell](spots));
}

function parseShell(text: string): keyof typeof SCRIPTS {
  if (text === "bash" || text === "zsh" || text === "fish") return text;
  throw new EfsError("BAD_VALUE", `not a shell that is known: ${JSON.stringify(text)}`, {
    hint: "bash, zsh or fish",
  });
}
