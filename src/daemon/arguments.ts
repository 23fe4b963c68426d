/** The command line of efsd: what may be given, and what it means. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { EfsError } from "../base/errors.ts";
import type { LogLevel } from "../base/log.ts";

export interface DaemonArguments {
  readonly data: string;
  readonly name?: string;
  readonly adminListen?: string;
  readonly config?: string;
  readonly logLevel?: LogLevel;
  readonly newSegmentKey?: boolean;
}

export type ParsedArguments =
  | { readonly kind: "run"; readonly arguments: DaemonArguments }
  /** `--help` or `--version`: text for stdout. */
  | { readonly kind: "tell"; readonly text: string };

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const satisfies readonly LogLevel[];

const EXAMPLES = `
Examples:
  efsd --data ~/hawaii                       a segment, stored there; nothing else is needed
  efsd --data ~/hawaii --name hawaii         with a name that other sites and you can read
  efsd --data ~/hawaii --admin-listen 127.0.0.1:8080
                                             admin API on TCP as well, with tokens of efscli system token create

efscli finds a running segment by itself. SIGTERM drains and stops. See efsd(8) and efsd.conf(5).
`;

/** @throws USAGE */
export function parseArguments(argv: readonly string[], version: string): ParsedArguments {
  let text = "";
  const program = new Command("efsd")
    .description("the daemon of one segment: stores its objects, serves the admin API, runs its services")
    .addOption(
      new Option(
        "--data <directory>",
        "where the segment is stored; made when it is missing",
      ).makeOptionMandatory(),
    )
    .option("--name <name>", "name of the segment, for people", parseSegmentName)
    .option("--admin-listen <host:port>", "admin API on TCP, with tokens; beyond loopback only with TLS")
    .option(
      "--config <file>",
      "configuration file; default: efsd.conf in the data directory, when it is there",
    )
    .addOption(new Option("--log-level <level>", "how much to log").choices(LOG_LEVELS))
    .option(
      "--new-segment-key",
      "when segment.key is lost: give up the access keys of all users, make a new one",
    )
    .version(version, "--version", "print the version")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
      writeErr: () => {},
    });
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "tell", text };
    throw new EfsError("USAGE", error.message.replace(/^error: /, ""), { hint: "efsd --help", cause: error });
  }
  return { kind: "run", arguments: program.opts<DaemonArguments>() };
}

export const SEGMENT_NAME_LENGTH_MAX = 64;

function parseSegmentName(text: string): string {
  if (isSegmentName(text)) return text;
  throw new InvalidArgumentError(
    `1 to ${SEGMENT_NAME_LENGTH_MAX} characters, none of them a control character.`,
  );
}

export function isSegmentName(text: string): boolean {
  return text.trim() !== "" && text.length <= SEGMENT_NAME_LENGTH_MAX && !/\p{Cc}/u.test(text);
}
