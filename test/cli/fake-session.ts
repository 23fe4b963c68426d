/** Runs efscli's commands without a process: output kept as text, a clock that stands still, an admin API of the test's own. */
import type { AdminClient } from "../../src/api/admin-client.ts";
import { openTalk } from "../../src/cli/output/talk.ts";
import { runProgram } from "../../src/cli/program.ts";
import { type ConnectionFlags, type Output, Session } from "../../src/cli/session.ts";

export interface RunOptions {
  readonly api?: Partial<AdminClient>;
  readonly stdin?: string | Uint8Array;
  readonly isTerminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onConnect?: (flags: ConnectionFlags) => void;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
}

export const NOW_MS = Date.UTC(2019, 11, 24, 12, 0, 0);

export async function runCli(
  words: string | readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const stderr = collecting(err, false);
  const session = new Session({
    stdout: collecting(out, options.isTerminal ?? false),
    stderr,
    stdin: () => once(options.stdin ?? ""),
    environment: (name) => options.environment?.[name],
    clock: { wallMs: () => NOW_MS, monotonicMs: () => 0, sleep: async () => {} },
    signal: options.signal ?? new AbortController().signal,
    talk: openTalk(stderr),
    connect: async (flags) => {
      options.onConnect?.(flags);
      return { close: async () => {}, ...options.api } as AdminClient;
    },
  });
  const argv = typeof words === "string" ? words.split(" ").filter((word) => word !== "") : words;
  const exitCode = await runProgram(session, argv);
  const stdoutBytes = Buffer.concat(out);
  return { exitCode, stdout: stdoutBytes.toString(), stderr: Buffer.concat(err).toString(), stdoutBytes };
}

function collecting(parts: Uint8Array[], isTerminal: boolean): Output {
  return {
    write: async (data) => {
      parts.push(typeof data === "string" ? Buffer.from(data) : data.slice());
    },
    isTerminal,
    columns: isTerminal ? 100 : undefined,
  };
}

async function* once(data: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield typeof data === "string" ? Buffer.from(data) : data;
}
