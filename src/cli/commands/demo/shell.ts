/**
 * A shell that runs exactly the lines that it shows, as a person would type them, in a temporary directory of its own (`$D`). What a
 * command prints goes where the demo's own output goes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { environment, environmentWith } from "../../../base/environment.ts";
import { EfsError } from "../../../base/errors.ts";
import type { Session } from "../../session.ts";

/** A line as a person would type it, and what is run: the same text. */
export type Line = string;
export type Side = "hawaii" | "remote";

/** Room for the path of a unix socket (`sun_path`), on every system that we know. */
const SOCKET_PATH_BYTES_MAX = 103;

export class Shell {
  /** `$D`. */
  readonly directory: string;
  readonly #session: Session;
  readonly #environment: Record<string, string>;

  private constructor(session: Session, directory: string) {
    this.#session = session;
    this.directory = directory;
    this.#environment = environmentWith({
      PATH: `${programs()}${path.delimiter}${environment("PATH") ?? ""}`,
      D: directory,
      HAWAII: this.endpoint("hawaii"),
      REMOTE: this.endpoint("remote"),
      // Running segments register here; the person's own efscli shall not stumble over the demo's.
      XDG_RUNTIME_DIR: directory,
      EFSCLI_ENDPOINT: undefined,
    });
  }

  static async open(session: Session): Promise<Shell> {
    const directory = await mkdtemp(path.join(tmpdir(), "efs-demo-"));
    const socket = path.join(directory, "remote/efsd.sock");
    if (Buffer.byteLength(socket) <= SOCKET_PATH_BYTES_MAX) return new Shell(session, directory);
    await rm(directory, { recursive: true });
    return new Shell(session, await mkdtemp("/tmp/efs-demo-"));
  }

  endpoint(side: Side): string {
    return `unix:${this.directory}/${side}/efsd.sock`;
  }

  /** Lines that make another shell like this one. */
  get exports(): readonly Line[] {
    return [
      `export PATH=${quoted(programs())}:$PATH`,
      `export D=${quoted(this.directory)} XDG_RUNTIME_DIR=${quoted(this.directory)}`,
      "export HAWAII=unix:$D/hawaii/efsd.sock REMOTE=unix:$D/remote/efsd.sock",
    ];
  }

  async say(text: string): Promise<void> {
    await this.#session.parts.stdout.write(`${text}\n`);
  }

  /** Shows a line and runs it to its end. @throws UNHEALTHY when it fails, CANCELLED */
  async type(line: Line): Promise<void> {
    this.throwIfInterrupted();
    await this.say(`$ ${line}`);
    const child = this.run(line, { isBackground: false });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    this.throwIfInterrupted();
    if (code !== 0) throw new EfsError("UNHEALTHY", `this command ended with exit code ${code}: ${line}`);
  }

  /** Runs a line without showing it. In the background: silent, and in a session of its own, so that Ctrl-C reaches the demo alone. */
  run(line: Line, options: { readonly isBackground: boolean }): ChildProcess {
    return spawn("/bin/sh", ["-c", line], {
      env: this.#environment,
      stdio: options.isBackground ? "ignore" : ["ignore", "inherit", "inherit"],
      detached: options.isBackground,
    });
  }

  throwIfInterrupted(): void {
    if (this.#session.signal.aborted) throw new EfsError("CANCELLED", "interrupted");
  }

  async removeDirectory(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A word of a shell line. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** This project's directory: the nearest above this file that has both programs in its `bin`. */
export function project(): string {
  for (let at = import.meta.dirname; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "bin/efsd")) && existsSync(path.join(at, "bin/efscli"))) return at;
    if (at === path.dirname(at))
      throw new EfsError("FILE_NOT_FOUND", "the program efsd is not beside efscli");
  }
}

function programs(): string {
  return path.join(project(), "bin");
}
