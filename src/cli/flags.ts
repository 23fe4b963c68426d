/**
 * Flags that every command has, and the readers of values that several commands share. Common flags may stand before the noun, before
 * the verb or behind it; the nearest to the verb counts.
 */
import { type Command, Option } from "commander";
import { EfsError } from "../base/errors.ts";
import { parseDuration } from "../base/units.ts";
import { FORMATS, type Format, type Rendering } from "./output/render.ts";
import type { ConnectionFlags } from "./session.ts";

const COMMON_HEADING = "Output and connection:";
const TIMEOUT_MS_MAX = 24 * 3_600_000;

/** Gives a command the common flags. */
export function addCommonFlags(command: Command): void {
  const options = [
    new Option(
      "-o, --output <format>",
      `${FORMATS.join(", ")} (default: table on a terminal, else tsv)`,
    ).argParser(parseFormat),
    new Option("--no-headers", "leave out the line of column names"),
    new Option("--endpoint <address>", "unix:PATH, http://HOST:PORT or https://HOST:PORT of a segment"),
    new Option("--token-file <file>", "file with the bearer token for http and https"),
    new Option("--timeout <duration>", "how long one call may take (default: 10s)").argParser(parseTimeout),
    new Option("--debug", "show where an error comes from"),
  ];
  for (const option of options) command.addOption(option.helpGroup(COMMON_HEADING));
}

/** The value of a common flag, from the command or the nearest of those above it that was given one. */
function commonFlag(command: Command, name: string): unknown {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    if (at.getOptionValueSource(name) === "cli") return at.getOptionValue(name);
  }
  return undefined;
}

export function connectionFlagsOf(command: Command): ConnectionFlags {
  return {
    endpoint: commonFlag(command, "endpoint") as string | undefined,
    tokenFile: commonFlag(command, "tokenFile") as string | undefined,
    timeoutMs: commonFlag(command, "timeout") as number | undefined,
  };
}

/** What the flags say of the output. */
export function renderingOf(command: Command): Omit<Rendering, "schema"> {
  const key = command.getOptionValue("key") as unknown;
  return {
    key: typeof key === "string" ? key : undefined,
    format: commonFlag(command, "output") as Format | undefined,
    hasHeaders: commonFlag(command, "headers") !== false,
  };
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((candidate) => candidate === text);
  if (format !== undefined) return format;
  throw new EfsError("BAD_VALUE", `not an output format: ${JSON.stringify(text)}`, {
    hint: `use -o ${FORMATS.join(", -o ")}`,
  });
}

function parseTimeout(text: string): number {
  const timeoutMs = parseDuration(text);
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs;
  throw new EfsError("BAD_VALUE", `a timeout is between 1ms and 24h, not ${text}`);
}

/** A whole number from `min` to `max`. @throws BAD_VALUE */
export function parseWhole(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new EfsError(
      "BAD_VALUE",
      `${what} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
    );
  };
}

export const parseLimit = parseWhole("a limit", 1, 1_000_000_000);

/** Collects a flag that may be repeated. */
export function collect<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** `k=v`, or `k=v,k2=v2` as in EdgeFS, gathered over repeats. A value may hold `=`. @throws BAD_VALUE */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = { ...before };
  for (const item of text.split(",")) {
    const at = item.indexOf("=");
    if (at < 1) {
      throw new EfsError("BAD_VALUE", `not of the form KEY=VALUE: ${JSON.stringify(item)}`);
    }
    pairs[item.slice(0, at)] = item.slice(at + 1);
  }
  return pairs;
}

/** The flags of every list that pages. */
export function addListFlags(command: Command): void {
  command
    .option("--prefix <text>", "only names that begin so")
    .option("--limit <count>", "at most this many (default: all)", parseLimit)
    .option("--after <name>", "only names behind this one, in byte order")
    .addOption(
      new Option("-n, --name <name>", "begin at this name (EdgeFS's marker; use --after)").hideHelp(),
    );
}

export interface CreateOptions {
  readonly ifNotExists?: boolean;
  readonly options?: Readonly<Record<string, string>>;
}

/** The flags of every create. EdgeFS's `-o k=v` is `--options k=v`, since -o is the output format everywhere. */
export function addCreateFlags(command: Command): void {
  command
    .option("--if-not-exists", "succeed when it is there already")
    .option("--options <k=v>", "custom keys, kept as X-k (several: k=v,k2=v2 or again)", collectPairs);
}

/** Flags that EdgeFS had and this segment does not do: each is refused with one sentence, exit 10. */
export function refuseFlags(command: Command, flags: ReadonlyArray<keyof typeof REFUSED>): Command {
  for (const name of flags) {
    const [declaration, reason] = REFUSED[name];
    const refuse = () => {
      throw new EfsError("UNSUPPORTED", `--${name} is not supported: ${reason}`);
    };
    command.addOption(new Option(declaration).argParser(refuse).hideHelp());
  }
  return command;
}

const REFUSED = {
  "replication-count": [
    "-r, --replication-count <n>",
    "one segment keeps one copy; link a second segment with an isgw service to have another",
  ],
  "sync-put": ["-R, --sync-put <n>", "every put is durable before it is acknowledged"],
  "select-policy": [
    "-S, --select-policy <policy>",
    "a segment has one place to store, so there is nothing to select",
  ],
  "ec-data-mode": [
    "-c, --ec-data-mode <mode>",
    "there is no erasure coding; chunks are deduplicated and compressed",
  ],
  "ec-trigger-policy-timeout": ["-C, --ec-trigger-policy-timeout <time>", "there is no erasure coding"],
  "encryption-enabled": [
    "-e, --encryption-enabled <flag>",
    "a bucket is encrypted or is not: efscli bucket create --encrypted",
  ],
  "file-object-transparency": ["-t, --file-object-transparency <flag>", "there is no NFS service yet"],
  "chunk-size": [
    "-s, --chunk-size <size>",
    "chunking is an option of the bucket: efscli bucket create -s SIZE",
  ],
  "number-of-versions": [
    "-n, --number-of-versions <n>",
    "how many versions are kept is an option of the bucket: efscli bucket create -n COUNT",
  ],
  "metadata-only": [
    "--metadata-only <mode>",
    "links carry whole objects; metadata-only links are not there yet",
  ],
  "encrypted-tunnel": [
    "--encrypted-tunnel",
    "links are not encrypted yet; run them over a private network or a tunnel",
  ],
} as const;
