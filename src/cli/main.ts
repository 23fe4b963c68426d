/** The process: streams, signals and the exit code of efscli. Everything else is told what it needs. */
import process from "node:process";
import { systemClock } from "../base/clock.ts";
import { environment } from "../base/environment.ts";
import { EfsError, systemCode } from "../base/errors.ts";
import { openConnection } from "./connection.ts";
import { conclude } from "./exit.ts";
import { openTalk } from "./output/talk.ts";
import { runProgram } from "./program.ts";
import { type Output, OutputClosed, Session } from "./session.ts";

const interruption = new AbortController();
let interruptions = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    interruptions += 1;
    // Whoever asks twice does not want to wait for tidying up.
    if (interruptions > 1) process.exit(130);
    interruption.abort();
  });
}

const stderr = outputOf(process.stderr, "stderr");
const session = new Session({
  stdout: outputOf(process.stdout, "stdout"),
  stderr,
  stdin: () => process.stdin,
  environment,
  clock: systemClock,
  signal: interruption.signal,
  talk: openTalk(stderr),
  connect: openConnection,
});

// A defect that nothing caught: one line and exit 70, as for any other.
process.on("uncaughtException", (thrown) => {
  const isDebug = process.argv.includes("--debug");
  void conclude(session, thrown, { what: "", isJson: false, isDebug }).then((exitCode) =>
    process.exit(exitCode),
  );
});

void run().then((exitCode) => process.exit(exitCode));

async function run(): Promise<number> {
  const argv = process.argv.slice(2);
  if (!argv.some((word) => word.includes("\ufffd"))) return runProgram(session, argv);
  const { areArgumentsUtf8 } = await import("./argument-bytes.ts");
  if (await areArgumentsUtf8()) return runProgram(session, argv);
  const error = new EfsError("BAD_NAME", "an argument is not UTF-8, so the name it means cannot be told");
  return conclude(session, error, { what: "", isJson: false, isDebug: false });
}

function outputOf(stream: NodeJS.WriteStream, name: string): Output {
  let failure: Error | undefined;
  // The write that meets an error reports it; the event alone must not end the process.
  stream.on("error", (error) => {
    failure ??= outputError(error, name);
  });
  return {
    write: (data) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        if (data.length === 0) return resolve();
        stream.write(data, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(outputError(error, name));
        });
      }),
    isTerminal: stream.isTTY === true,
    columns: stream.isTTY === true ? stream.columns : undefined,
  };
}

function outputError(error: Error, name: string): Error {
  const code = systemCode(error);
  if (code === "EPIPE") return new OutputClosed();
  const reason = code === "ENOSPC" ? "no space left" : (code ?? error.message);
  return new EfsError(code === "ENOSPC" ? "NO_SPACE" : "IO", `cannot write to ${name}: ${reason}`, {
    cause: error,
  });
}
