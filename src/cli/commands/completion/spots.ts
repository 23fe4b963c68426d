/** The command tree as a flat table of spots: at which command which words and flags may follow. */
import type { Command } from "commander";
import { FORMATS } from "../../output/render.ts";
import { TOPICS } from "../help/topics.ts";

export interface Spot {
  /** Names from the noun down, without aliases; empty at efscli itself. */
  readonly path: readonly string[];
  /** Aliases of the last name. */
  readonly aliases: readonly string[];
  readonly words: ReadonlyArray<{ readonly word: string; readonly about: string }>;
  readonly flags: readonly Flag[];
}

export interface Flag {
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly about: string;
}

export function spotsOf(command: Command, path: readonly string[] = []): readonly Spot[] {
  const words = command.commands.map((child) => ({ word: child.name(), about: child.description() }));
  const spot: Spot = {
    path,
    aliases: command.aliases(),
    words: [...words, ...argumentWords(path)],
    flags: flagsOf(command),
  };
  return [spot, ...command.commands.flatMap((child) => spotsOf(child, [...path, child.name()]))];
}

function flagsOf(command: Command): readonly Flag[] {
  const flags = command.createHelp().visibleOptions(command);
  return flags.map((option) => ({
    short: option.short,
    long: option.long,
    takesValue: option.required || option.optional,
    choices: option.long === "--output" ? FORMATS : (option.argChoices ?? []),
    about: option.description,
  }));
}

/** Words that are arguments, not commands. */
function argumentWords(path: readonly string[]): Spot["words"] {
  const at = path.join(" ");
  if (at === "help") return TOPICS.map((word) => ({ word, about: "a topic" }));
  if (at === "completion") return ["bash", "zsh", "fish"].map((word) => ({ word, about: "a shell" }));
  if (at === "service create" || at === "service add")
    return [{ word: "isgw", about: "a link to another segment" }];
  return [];
}
