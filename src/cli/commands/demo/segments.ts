/**
 * The demo's two segments, as real `efsd` processes. Owns the processes: whatever way the demo ends, none stays behind unless `keep`
 * was called.
 */
import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { AdminClient } from "../../../api/admin-client.ts";
import { connect } from "../../../api/client.ts";
import { EfsError } from "../../../base/errors.ts";
import type { Session } from "../../session.ts";
import type { Shell, Side } from "./shell.ts";

const START_MS_MAX = 15_000;
const STOP_MS_MAX = 10_000;
const LOG_SHOWN_MAX = 2000;

export class Segments {
  readonly #session: Session;
  readonly #shell: Shell;
  readonly #processes = new Map<Side, ChildProcess>();
  readonly #clients = new Map<Side, AdminClient>();
  #isKept = false;
  /** When the process ends without `close` (a second Ctrl-C), there is no time to ask politely. */
  readonly #atExit = () => {
    if (!this.#isKept) for (const child of this.#processes.values()) child.kill("SIGKILL");
  };

  constructor(session: Session, shell: Shell) {
    this.#session = session;
    this.#shell = shell;
    process.once("exit", this.#atExit);
  }

  pid(side: Side): number {
    return this.#processes.get(side)?.pid ?? 0;
  }

  /** Shows the line that starts a segment, starts it, and resolves when its admin API answers. @throws UNHEALTHY */
  async start(side: Side): Promise<AdminClient> {
    const line = `efsd --data $D/${side} --name ${side} 2>> $D/${side}.log`;
    await this.#shell.say(`$ ${line} &`);
    // `exec`: the process that is known here is efsd itself, not a shell above it.
    const child = this.#shell.run(`exec ${line}`, { isBackground: true });
    this.#processes.set(side, child);
    await this.#clients.get(side)?.close();
    const api = connect({ endpoint: this.#shell.endpoint(side) });
    this.#clients.set(side, api);
    const { clock, signal } = this.#session;
    const startMs = clock.monotonicMs();
    while (!(await answers(api))) {
      this.#shell.throwIfInterrupted();
      const isLate = clock.monotonicMs() - startMs > START_MS_MAX;
      if (isLate || !isRunning(child)) throw await this.#notStarted(side);
      await clock.sleep(20, signal);
    }
    return api;
  }

  /** Shows `kill PID`, does it, and resolves when the process is gone. */
  async stop(side: Side): Promise<void> {
    await this.#shell.say(`$ kill ${this.pid(side)}`);
    await this.#end(side);
  }

  /** From now on the processes outlive the demo. */
  keep(): void {
    this.#isKept = true;
    for (const child of this.#processes.values()) child.unref();
  }

  get isKept(): boolean {
    return this.#isKept;
  }

  async close(): Promise<void> {
    for (const api of this.#clients.values()) await api.close();
    if (!this.#isKept) await Promise.all([...this.#processes.keys()].map((side) => this.#end(side)));
    process.removeListener("exit", this.#atExit);
  }

  async #end(side: Side): Promise<void> {
    const child = this.#processes.get(side);
    if (child === undefined || !isRunning(child)) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const patience = new AbortController();
    const impatient = this.#session.clock.sleep(STOP_MS_MAX, patience.signal).then(() => {
      if (isRunning(child)) child.kill("SIGKILL");
    });
    await ended;
    patience.abort();
    await impatient;
  }

  async #notStarted(side: Side): Promise<EfsError> {
    const file = path.join(this.#shell.directory, `${side}.log`);
    const log = await readFile(file, "utf8").catch(() => "");
    return new EfsError(
      "UNHEALTHY",
      `the segment ${side} did not start:\n${log.slice(-LOG_SHOWN_MAX).trim()}`,
    );
  }
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

async function answers(api: AdminClient): Promise<boolean> {
  return api.systemStatus().then(
    () => true,
    () => false,
  );
}
