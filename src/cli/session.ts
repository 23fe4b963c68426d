/**
 * What one run of efscli works with: the admin API of the segment that was asked for, where data and talk go, time and
 * cancellation. Everything comes from outside, so that tests run commands without a terminal, a daemon or a clock.
 */

import type { AdminClient } from "../api/admin-client.ts";
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Talk } from "./output/talk.ts";

/** One of the process's output streams. */
export interface Output {
  /** Resolves when more may be written. @throws OutputClosed when the reader is gone. */
  write(data: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Width of the terminal; undefined when it is none. */
  readonly columns: number | undefined;
}

/** The reader of stdout or stderr went away (`| head`): nobody listens, so there is no error to report. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** How to reach a segment: from the flags, else from the environment. */
export interface ConnectionFlags {
  readonly endpoint?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface SessionParts {
  readonly stdout: Output;
  readonly stderr: Output;
  /** The bytes of stdin, read once. */
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** The value of an environment variable; undefined when it is unset or empty. */
  readonly environment: Environment;
  readonly clock: Clock;
  /** Aborts when the person gives up (SIGINT, SIGTERM). */
  readonly signal: AbortSignal;
  readonly talk: Talk;
  /** @throws NOT_ONE_SEGMENT, BAD_VALUE, TOKEN_MISSING */
  readonly connect: (flags: ConnectionFlags, environment: Environment) => Promise<AdminClient>;
}

export type Environment = (name: string) => string | undefined;

export class Session {
  readonly parts: SessionParts;
  #api: AdminClient | undefined;

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** The segment's admin API; there while a command's `run` runs. */
  get api(): AdminClient {
    assert(this.#api !== undefined, "the session is not connected");
    return this.#api;
  }

  get talk(): Talk {
    return this.parts.talk;
  }

  get clock(): Clock {
    return this.parts.clock;
  }

  get signal(): AbortSignal {
    return this.parts.signal;
  }

  /** The bytes of stdin, read once. */
  get stdin(): AsyncIterable<Uint8Array> {
    return this.parts.stdin();
  }

  async open(flags: ConnectionFlags): Promise<void> {
    this.#api = await this.parts.connect(flags, this.parts.environment);
  }

  async close(): Promise<void> {
    const api = this.#api;
    this.#api = undefined;
    await api?.close();
  }
}
