/** `efscli help`: help for a command or a topic. */
import { Command } from "commander";
import { EfsError } from "../../../base/errors.ts";
import { examples, notes } from "../../help-text.ts";
import { wholeProgram } from "../../program.ts";
import type { Session } from "../../session.ts";
import { TOPIC_ABOUT, TOPICS, topicText } from "./topics.ts";

export function helpCommand(session: Session): Command {
  const command = new Command("help")
    .description("help for a command, or on exit-codes, environment, formatting")
    .argument("[words...]", "a noun and perhaps a verb, or a topic")
    .action((words: readonly string[]) => run(session, words));
  examples(command, ["efscli help bucket create", "efscli help exit-codes"]);
  return notes(command, `Topics: ${TOPICS.map((topic) => `${topic} (${TOPIC_ABOUT[topic]})`).join(", ")}.`);
}

async function run(session: Session, words: readonly string[]): Promise<void> {
  const topic = words.length === 1 ? TOPICS.find((candidate) => candidate === words[0]) : undefined;
  if (topic !== undefined) return session.parts.stdout.write(topicText(topic));
  let at = await wholeProgram(session);
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next === undefined) {
      throw new EfsError("USAGE", `there is no help on ${JSON.stringify(words.join(" "))}`, {
        hint: `topics: ${TOPICS.join(", ")}; or name a command, as in efscli help bucket create`,
      });
    }
    at = next;
  }
  return session.parts.stdout.write(at.helpInformation());
}
