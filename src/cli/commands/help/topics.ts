/** Help that belongs to no command: exit codes, environment, output. */
import { CODES, EXIT_CODES, KINDS } from "../../../base/errors.ts";
import { S3_SETTINGS } from "./s3-settings.ts";

export const TOPICS = ["exit-codes", "environment", "formatting", "s3-settings"] as const;
export type Topic = (typeof TOPICS)[number];

export const TOPIC_ABOUT: Readonly<Record<Topic, string>> = {
  "exit-codes": "what each exit code means",
  environment: "variables that efscli reads",
  formatting: "tables, tab-separated text, JSON and names",
  "s3-settings": "what the settings of S3 services do",
};

export function topicText(topic: Topic): string {
  switch (topic) {
    case "exit-codes":
      return exitCodes();
    case "environment":
      return ENVIRONMENT;
    case "formatting":
      return FORMATTING;
    case "s3-settings":
      return S3_SETTINGS;
  }
}

const MEANING: Readonly<Record<(typeof KINDS)[number], string>> = {
  negative: "it ran, and the answer is no: differs, unhealthy, some items failed",
  usage: "wrong usage: unknown verb or flag, bad name or value",
  not_found: "what was named is not there",
  denied: "not allowed",
  unavailable: "the segment cannot be reached, or cannot do it now",
  timeout: "no answer in time",
  conflict: "it exists, is in use, is not empty, or changed meanwhile",
  limit: "too large, too many, or no space",
  corrupt: "stored or received bytes are not what they should be",
  unsupported: "this segment does not do that",
  internal: "a defect of efscli or efsd",
  cancelled: "interrupted",
};

function exitCodes(): string {
  const rows = KINDS.map((kind) => `  ${String(EXIT_CODES[kind]).padStart(3)}  ${MEANING[kind]}`);
  const codes = KINDS.map((kind) => {
    const names = Object.entries(CODES).filter(([, other]) => other === kind);
    return `  ${String(EXIT_CODES[kind]).padStart(3)}  ${wrap(
      names.map(([name]) => name),
      7,
    )}`;
  });
  return [
    "Exit codes:",
    "",
    "    0  done",
    ...rows,
    "",
    "Errors are lines on stderr, `efscli: WHAT: REASON (CODE)`, with a `hint:` where one helps;",
    "with -o json they are one JSON object. Codes never change. They are, by exit code:",
    "",
    ...codes,
    "",
  ].join("\n");
}

const WIDTH = 92;

function wrap(words: readonly string[], indent: number): string {
  const lines: string[] = [""];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && indent + line.length + word.length + 2 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line}, ${word}`;
  }
  return lines.join(`,\n${" ".repeat(indent)}`);
}

const ENVIRONMENT = `Environment:

  EFSCLI_ENDPOINT    the segment to talk to: unix:PATH, http://HOST:PORT or https://HOST:PORT.
                     --endpoint goes before it. With neither, efscli takes the only segment
                     that you run on this machine.
  EFSCLI_TOKEN_FILE  file with the bearer token for http and https; --token-file goes before it.
  XDG_RUNTIME_DIR    running segments are looked for in its folder efs, else in ~/.local/state/efs.
  NO_COLOR           no colour. CLICOLOR=0 too; CLICOLOR_FORCE=1 wants colour in pipes.
`;

const FORMATTING = `Output:

  -o table  aligned columns, rounded numbers; the default of lists on a terminal
  -o tsv    tab-separated, exact numbers; the default of lists in a pipe. In names, tab, newline,
            return and backslash are \\t, \\n, \\r, \\\\ and other control characters \\xNN
  -o json   the result itself: exact numbers, RFC 3339 times, a field schema such as
            efscli.bucket.list/1. Lists have items, one a line. Fields are added, never changed
  -o name   names alone, one a line, escaped as in tsv

  --no-headers leaves out the line of column names. show prints key: value lines;
  show --key KEY prints one value. Data goes to stdout, all talk to stderr.
`;
