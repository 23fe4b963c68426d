/** The text of `--help`: examples first, then usage, arguments and flags in groups. */
import type { Argument, Command, Help, Option } from "commander";

const EXAMPLES = new WeakMap<Command, readonly string[]>();
const NOTES = new WeakMap<Command, string>();

/** Command lines that open a command's help and its man page. */
export function examples(command: Command, lines: readonly string[]): Command {
  EXAMPLES.set(command, lines);
  return command;
}

export function examplesOf(command: Command): readonly string[] {
  return EXAMPLES.get(command) ?? [];
}

const NOUN_EXAMPLES_MAX = 4;

/** A noun has no examples of its own: its help begins with the first one of each of its first verbs. */
function helpExamples(command: Command): readonly string[] {
  const own = examplesOf(command);
  if (own.length > 0 || command.commands.length === 0) return own;
  return command.commands.flatMap((verb) => helpExamples(verb).slice(0, 1)).slice(0, NOUN_EXAMPLES_MAX);
}

/** A paragraph or two behind the flags: what the command does in its odd cases. */
export function notes(command: Command, text: string): Command {
  NOTES.set(command, text);
  return command;
}

export function notesOf(command: Command): string {
  return NOTES.get(command) ?? "";
}

export function formatHelp(command: Command, help: Help): string {
  const width = help.padWidth(command, help);
  const item = (term: string, about: string) => help.formatItem(term, width, about, help);
  const sections: string[] = [];
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push(`${title}\n${lines.join("\n")}`);
  };

  section(
    "Examples:",
    helpExamples(command).map((line) => `  ${line}`),
  );
  sections.push(`Usage: ${usageOf(command)}`);
  sections.push(help.boxWrap(capital(help.commandDescription(command)), help.helpWidth ?? 80));
  section(
    "Arguments:",
    help.visibleArguments(command).map((argument) => item(help.argumentTerm(argument), argument.description)),
  );
  for (const [heading, commands] of grouped(help.visibleCommands(command), (child) => child.helpGroup())) {
    section(
      heading === undefined || heading === "" ? "Verbs:" : heading,
      commands.map((child) => item(termOf(child), help.subcommandDescription(child))),
    );
  }
  for (const [heading, options] of flagGroups(command, help)) {
    section(
      heading ?? "Flags:",
      options.map((option) => item(help.optionTerm(option), help.optionDescription(option))),
    );
  }
  const more = notesOf(command);
  if (more !== "")
    sections.push(
      more
        .split("\n\n")
        .map((text) => help.boxWrap(text, help.helpWidth ?? 80))
        .join("\n\n"),
    );
  return `${sections.join("\n\n")}\n`;
}

export function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const rest = command.commands.length > 0 ? ["VERB"] : command.registeredArguments.map(humanArgument);
  const verb = command.parent === null ? ["NOUN", "VERB"] : rest;
  return [...names, ...verb, "[flags]"].join(" ");
}

/** `list <cluster/tenant>`: that flags are possible goes without saying. */
function termOf(command: Command): string {
  const names = [command.name(), ...command.aliases()].join("|");
  return [names, ...command.registeredArguments.map(humanArgument)].join(" ");
}

function humanArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** Own flags first. Of a noun only --help: the common ones stand with the verbs and with efscli itself. */
export function flagGroups(
  command: Command,
  help: Help,
): ReadonlyArray<readonly [heading: string | undefined, options: readonly Option[]]> {
  const isNoun = command.parent !== null && command.commands.length > 0;
  const groups = [...grouped(help.visibleOptions(command), (option) => option.helpGroupHeading)];
  const own = groups.filter(([heading]) => heading === undefined);
  return isNoun ? own : [...own, ...groups.filter(([heading]) => heading !== undefined)];
}

function grouped<Item>(
  items: readonly Item[],
  headingOf: (item: Item) => string | undefined,
): ReadonlyMap<string | undefined, readonly Item[]> {
  const groups = new Map<string | undefined, Item[]>();
  for (const item of items) {
    const heading = headingOf(item);
    const group = groups.get(heading);
    if (group === undefined) groups.set(heading, [item]);
    else group.push(item);
  }
  return groups;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
