/** How a run ends: every failure becomes one line of talk (or one JSON object) on stderr and one exit code. */
import { CommanderError } from "commander";
import { EfsError, toEfsError } from "../base/errors.ts";
import { safeJson } from "./output/escape.ts";
import { isOutputClosed } from "./output/render.ts";
import { printable } from "./output/talk.ts";
import type { Session } from "./session.ts";

export interface Ending {
  /** What was tried: `bucket list`. Empty for efscli itself. */
  readonly what: string;
  readonly isJson: boolean;
  readonly isDebug: boolean;
}

/** Reports what was thrown and returns the exit code. */
export async function conclude(session: Session, thrown: unknown, ending: Ending): Promise<number> {
  if (isOutputClosed(thrown)) return 0;
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const error = session.signal.aborted ? interrupted(thrown) : asError(thrown, ending);
  try {
    await session.parts.stderr.write(ending.isJson ? jsonOf(error) : textOf(error, ending));
    if (ending.isDebug) await session.parts.stderr.write(traceOf(thrown));
  } catch (failure) {
    if (!isOutputClosed(failure)) throw failure;
  }
  return error.exitCode;
}

function interrupted(thrown: unknown): EfsError {
  return thrown instanceof EfsError && thrown.code === "CANCELLED"
    ? thrown
    : new EfsError("CANCELLED", "interrupted");
}

function asError(thrown: unknown, ending: Ending): EfsError {
  if (!(thrown instanceof CommanderError)) return toEfsError(thrown);
  if (thrown.code === "commander.help") {
    return new EfsError("USAGE", "a verb is missing", { hint: "its verbs are listed above" });
  }
  const [first = "", second] = thrown.message.replace(/^error: /, "").split("\n");
  const suggestion = /^\((?:Did you mean) (.*)\?\)$/.exec(second ?? "")?.[1];
  const help = `efscli ${ending.what === "" ? "" : `${ending.what} `}--help`;
  return new EfsError("USAGE", first, {
    hint: suggestion === undefined ? `see ${help}` : `did you mean ${suggestion}? (${help})`,
    cause: thrown,
  });
}

function textOf(error: EfsError, ending: Ending): string {
  const what = ending.what === "" ? "" : `${ending.what}: `;
  const hint = error.hint === undefined ? "" : `hint: ${lines(error.hint)}\n`;
  return `efscli: ${what}${lines(error.message)} (${error.code})\n${hint}`;
}

const lines = (text: string) => text.split("\n").map(printable).join("\n      ");

function jsonOf(error: EfsError): string {
  const { code, kind, message, hint, details, exitCode } = error;
  return `${safeJson({ schema: "efscli.error/1", error: { code, kind, message, hint, details, exitCode } })}\n`;
}

function traceOf(thrown: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = thrown; at instanceof Error && parts.length < 5; at = at.cause) {
    parts.push(at.stack ?? at.message);
  }
  return `${parts.join("\ncaused by: ")}\n`;
}
