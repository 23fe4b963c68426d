/** The process: streams, signals and the exit code of efscli. Everything else is told what it needs. */
import process from "node:process";
import { systemClock } from "../base/clock.ts";
import { environment } from "../base/environment.ts";
import { openConnection } from "./connection.ts";
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

const stderr = outputOf(process.stderr);
const session = new Session({
  stdout: outputOf(process.stdout),
  stderr,
  stdin: () => process.stdin,
  environment,
  clock: systemClock,
  signal: interruption.signal,
  talk: openTalk(stderr),
  connect: openConnection,
});

void runProgram(session, process.argv.slice(2)).then((exitCode) => process.exit(exitCode));

function outputOf(stream: NodeJS.WriteStream): Output {
  let isClosed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") isClosed = true;
    else throw error;
  });
  return {
    write: (data) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new OutputClosed());
        if (data.length === 0) return resolve();
        stream.write(data, (error) => {
          if (error === undefined || error === null) resolve();
          else reject((error as NodeJS.ErrnoException).code === "EPIPE" ? new OutputClosed() : error);
        });
      }),
    isTerminal: stream.isTTY === true,
    columns: stream.isTTY === true ? stream.columns : undefined,
  };
}
