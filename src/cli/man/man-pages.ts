/** The man pages of efscli, made from the command tree: efscli.1 and one page for each noun. */
import type { Command, Help } from "commander";
import { TOPICS, topicText } from "../commands/help/topics.ts";
import { examplesOf, flagGroups, notesOf, usageOf } from "../help-text.ts";
import { VERSION } from "../version.ts";
import { bold, italic, RoffPage, roffText } from "./roff.ts";

/** File name to its text. */
export function manPages(root: Command): ReadonlyMap<string, string> {
  const pages = new Map([["efscli.1", rootPage(root)]]);
  for (const noun of root.commands) pages.set(`efscli-${noun.name()}.1`, nounPage(noun, root));
  return pages;
}

function pageFor(title: string): RoffPage {
  return new RoffPage({ title, section: 1, source: `efscli ${VERSION}`, manual: "efscli" });
}

function rootPage(root: Command): string {
  const page = pageFor("efscli");
  page.heading("Name").paragraph("efscli \\- admin toolbox of a storage segment and of its links to others");
  page.heading("Synopsis").paragraph(`${bold("efscli")} ${italic("NOUN VERB")} [${italic("flags")}]`);
  page.heading("Description");
  page.paragraph(roffText(root.description()));
  page.paragraph(
    roffText(
      "A segment is one site's storage, run by `efsd`. It stores objects under `cluster/tenant/bucket/object`; `isgw` services replicate chosen buckets to other segments. `efscli` speaks to the segment's admin API and to nothing else.",
    ),
  );
  page.heading("Examples").verbatim(examplesOf(root));
  page.heading("Nouns");
  for (const noun of root.commands) {
    const names = [noun.name(), ...noun.aliases()].map(bold).join(", ");
    page.item(names, `${roffText(noun.description())}; see ${bold(`efscli-${noun.name()}`)}(1)`);
  }
  flagItems(page, root, "Flags");
  for (const topic of TOPICS) {
    const [title = "", ...lines] = topicText(topic).trimEnd().split("\n");
    page.heading(title.replace(/:$/, "")).verbatim(trimBlank(lines));
  }
  page.heading("See also").paragraph(`${bold("efsd")}(8), ${bold("efs-isgw")}(7)`);
  return page.toString();
}

function nounPage(noun: Command, root: Command): string {
  const page = pageFor(`efscli-${noun.name()}`);
  page.heading("Name").paragraph(`efscli\\-${noun.name()} \\- ${roffText(noun.description())}`);
  page.heading("Synopsis");
  const verbs = leaves(noun);
  for (const verb of verbs) page.paragraph(synopsis(verb));
  if (noun.aliases().length > 0) {
    page.paragraph(`${bold(noun.name())} may be written ${noun.aliases().map(bold).join(" or ")}.`);
  }
  for (const verb of verbs) verbSection(page, verb);
  flagItems(page, root, "Common flags");
  page.heading("Exit codes").paragraph(`See ${bold("efscli")}(1).`);
  page.heading("See also").paragraph(`${bold("efscli")}(1), ${bold("efsd")}(8)`);
  return page.toString();
}

/** The commands that do something, those below groups such as `system token` included. */
function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function synopsis(verb: Command): string {
  const [words = "", ...rest] = usageOf(verb).split(/ (?=[<[])/);
  return [bold(words), ...rest.map(italic)].join(" ");
}

function verbSection(page: RoffPage, verb: Command): void {
  page.heading(usageOf(verb).split(/ [<[]/)[0] ?? "");
  const aliases = verb.parent?.parent === null ? [] : verb.aliases();
  const also = aliases.length === 0 ? "" : ` Also ${aliases.map(bold).join(", ")}.`;
  page.paragraph(`${roffText(sentence(verb.description()))}${also}`);
  for (const argument of verb.registeredArguments)
    page.item(italic(argument.name()), roffText(argument.description));
  const help = verb.createHelp();
  for (const [heading, options] of flagGroups(verb, help)) {
    if (heading !== undefined) continue;
    for (const option of options) {
      if (option.long !== "--help") page.item(bold(option.flags), roffText(option.description));
    }
  }
  const more = notesOf(verb);
  if (more !== "") for (const text of more.split("\n\n")) page.paragraph(roffText(text));
  if (examplesOf(verb).length > 0) page.verbatim(examplesOf(verb));
}

function flagItems(page: RoffPage, root: Command, title: string): void {
  page.heading(title);
  const help: Help = root.createHelp();
  for (const option of help.visibleOptions(root)) page.item(bold(option.flags), roffText(option.description));
}

function sentence(text: string): string {
  const upper = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

function trimBlank(lines: readonly string[]): readonly string[] {
  return lines[0] === "" ? lines.slice(1) : lines;
}
