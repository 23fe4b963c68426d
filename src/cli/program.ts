/** The command tree: a light root that knows all nouns by name and loads only the one that is typed. */
import { Command } from "commander";
import { conclude } from "./exit.ts";
import { addCommonFlags } from "./flags.ts";
import { examples, formatHelp } from "./help-text.ts";
import { NOUNS, type Noun } from "./nouns.ts";
import type { Session } from "./session.ts";
import { VERSION } from "./version.ts";

const VALUE_FLAGS = new Set(["-o", "--output", "--endpoint", "--token-file", "--timeout"]);

/** Runs efscli with these arguments (those after the program's name). Returns the exit code; reports, never throws. */
export async function runProgram(session: Session, argv: readonly string[]): Promise<number> {
  let root: Command | undefined;
  const said: Promise<void>[] = [];
  try {
    root = await programFor(session, nounOf(argv), said);
    if (argv.length === 0) root.outputHelp();
    else await root.parseAsync([...argv], { from: "user" });
    await Promise.all(said);
    return 0;
  } catch (thrown) {
    await Promise.allSettled(said);
    return await conclude(session, thrown, {
      what: root === undefined ? "" : commandOf(root, argv),
      isJson: wantsJson(argv),
      isDebug: argv.includes("--debug"),
    });
  }
}

/** The first word that is neither a flag nor the value of one; behind `help` the word after it. */
function nounOf(argv: readonly string[]): string | undefined {
  return wordsOf(argv)[0];
}

function wordsOf(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (VALUE_FLAGS.has(word)) index += 1;
    else if (word === "--") break;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words;
}

/** `bucket list`: the names of the commands that the arguments lead to. */
function commandOf(root: Command, argv: readonly string[]): string {
  const names: string[] = [];
  let at = root;
  for (const word of wordsOf(argv)) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next === undefined) break;
    names.push(next.name());
    at = next;
  }
  return names.join(" ");
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === "-ojson" ||
      word === "--output=json" ||
      (word === "json" && /^(-o|--output)$/.test(argv[index - 1] ?? "")),
  );
}

/** The tree with the verbs of one noun; the other nouns are there by name only. */
async function programFor(
  session: Session,
  wanted: string | undefined,
  said: Promise<void>[],
): Promise<Command> {
  const root = rootCommand();
  for (const noun of NOUNS) {
    const isWanted = wanted !== undefined && (noun.name === wanted || noun.alias === wanted);
    root.addCommand(isWanted ? await loadNoun(session, noun) : stubOf(noun));
  }
  equip(session, root, said);
  return root;
}

/** The tree with all verbs of all nouns, for help, man pages and completion. */
export async function wholeProgram(session: Session): Promise<Command> {
  const root = rootCommand();
  for (const noun of NOUNS) root.addCommand(await loadNoun(session, noun));
  equip(session, root, []);
  return root;
}

function rootCommand(): Command {
  const root = new Command("efscli")
    .description("Bucket replication between sites that you can set up in a minute, see, check and prove.")
    .version(VERSION, "-V, --version", "print the version")
    .helpCommand(false);
  examples(root, [
    "efscli demo",
    "efscli bucket list Hawaii/Cola",
    "efscli object put -r ./photos Hawaii/Cola/bk1",
    "efscli service show hawaii -s",
  ]);
  return root;
}

async function loadNoun(session: Session, noun: Noun): Promise<Command> {
  const command = (await noun.load())(session);
  return command.helpGroup(noun.heading);
}

function stubOf(noun: Noun): Command {
  const stub = new Command(noun.name).description(noun.about).helpGroup(noun.heading);
  return noun.alias === undefined ? stub : stub.alias(noun.alias);
}

/** What all commands of the tree share: the common flags, errors as exceptions, help with examples first, streams of the session. */
function equip(session: Session, command: Command, said: Promise<void>[]): void {
  command
    .exitOverride()
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .configureHelp({ formatHelp })
    .helpOption("-h, --help", "print this help")
    .configureOutput({
      writeOut: (text) => said.push(session.parts.stdout.write(text)),
      writeErr: (text) => said.push(session.parts.stderr.write(text)),
      outputError: () => {},
      getOutHelpWidth: () => widthOf(session),
      getErrHelpWidth: () => widthOf(session),
    });
  addCommonFlags(command);
  for (const child of command.commands) {
    child.helpCommand(false);
    equip(session, child, said);
  }
}

function widthOf(session: Session): number {
  return Math.min(session.parts.stdout.columns ?? 100, 100);
}
