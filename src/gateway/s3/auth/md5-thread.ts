/**
 * MD5 of long bodies, computed beside the thread that moves them: MD5 takes longer than all else that this thread does with a byte. A stream holds no
 * shared memory while it waits for its client, so that slow clients starve nobody. Without a built worker, or with one core, it is computed here.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { EfsError } from "../../../base/errors.ts";
import { type Md5Memory, type Md5Reply, type Md5Request, PLACE_BYTES, PLACES } from "./md5-messages.ts";

/** MD5 of one stream. */
export interface StreamMd5 {
  /** The bytes are the caller's again at once or, where there is a promise, when it resolves; the next update waits for it. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** 16 bytes. Once. @throws INTERNAL when the thread died */
  digest(): Promise<Uint8Array>;
  /** Nobody will ask for the digest; also after `digest`. */
  close(): void;
}

const THREADS_MAX = 4;

export interface Md5PoolOptions {
  /** The built worker; undefined: beside this module. */
  readonly workerUrl?: URL | undefined;
  /** Threads at most; 0: none. undefined: by the number of cores. */
  readonly threadsMax?: number | undefined;
}

/** Threads that are started when streams need them, and keep no process alive. */
export class Md5Pool {
  readonly #url: URL | undefined;
  readonly #threadsMax: number;
  #threads: Md5Thread[] = [];

  constructor({ workerUrl, threadsMax }: Md5PoolOptions = {}) {
    this.#url = workerUrl ?? builtWorker();
    this.#threadsMax = threadsMax ?? Math.min(THREADS_MAX, availableParallelism() - 1);
  }

  start(): StreamMd5 {
    const url = this.#url;
    if (url === undefined || this.#threadsMax === 0) return localMd5();
    this.#threads = this.#threads.filter((thread) => !thread.isDead);
    const free = this.#threads.find((thread) => thread.streamCount === 0);
    if (free !== undefined) return free.start();
    if (this.#threads.length < this.#threadsMax) this.#threads.push(new Md5Thread(url));
    const idlest = this.#threads.reduce((best, one) => (one.streamCount < best.streamCount ? one : best));
    return idlest.start();
  }

  /** Ends the threads; digests under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/** `md5-worker.js` beside the built program; undefined when this runs from source, which worker threads of Node 20 cannot. */
function builtWorker(): URL | undefined {
  const url = new URL("./md5-worker.js", import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : undefined;
}

function localMd5(): StreamMd5 {
  const hash = createHash("md5");
  return {
    update: (bytes) => {
      hash.update(bytes);
      return undefined;
    },
    digest: async () => new Uint8Array(hash.digest()),
    close: () => undefined,
  };
}

interface Waiter {
  readonly resolve: (md5: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

class Md5Thread {
  readonly #worker: Worker;
  readonly #content: Uint8Array;
  readonly #taken: Int32Array;
  readonly #digests = new Map<number, Waiter>();
  readonly #streams = new Set<number>();
  /** Who waits for free places. */
  #settling: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = [];
  #nextPlace = 0;
  #lastId = 0;
  #failure: EfsError | undefined;

  constructor(url: URL) {
    const memory: Md5Memory = {
      content: new SharedArrayBuffer(PLACES * PLACE_BYTES),
      taken: new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT),
    };
    this.#content = new Uint8Array(memory.content);
    this.#taken = new Int32Array(memory.taken);
    this.#worker = new Worker(url, { workerData: memory });
    this.#worker.unref();
    this.#worker.on("message", (reply: Md5Reply) => this.#take(reply));
    this.#worker.on("error", (cause) => this.#die(cause));
    this.#worker.on("exit", () => this.#die(undefined));
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get isDead(): boolean {
    return this.#failure !== undefined;
  }

  start(): StreamMd5 {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#streams.add(id);
    return {
      update: (bytes) => this.#update(id, bytes),
      digest: () =>
        new Promise((resolve, reject) => {
          if (this.#failure !== undefined) {
            reject(this.#failure);
            return;
          }
          this.#digests.set(id, { resolve, reject });
          this.#post({ kind: "end", id });
        }),
      close: () => {
        if (this.#streams.delete(id) && !this.isDead) this.#post({ kind: "drop", id });
      },
    };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #update(id: number, bytes: Uint8Array): Promise<void> | undefined {
    let at = 0;
    while (at < bytes.length) {
      const sizeBytes = Math.min(PLACE_BYTES, bytes.length - at);
      if (!this.#put(id, bytes.subarray(at, at + sizeBytes)))
        return this.#updateLater(id, bytes.subarray(at));
      at += sizeBytes;
    }
    return undefined;
  }

  async #updateLater(id: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + PLACE_BYTES);
      if (this.#put(id, piece)) at += piece.length;
      else await this.#settled();
    }
  }

  /** False when no place is free. */
  #put(id: number, piece: Uint8Array): boolean {
    // A thread that died takes nothing; the digest tells.
    if (this.isDead) return true;
    const place = this.#nextPlace;
    if (Atomics.load(this.#taken, place) !== 0) return false;
    Atomics.store(this.#taken, place, 1);
    this.#nextPlace = (place + 1) % PLACES;
    this.#content.set(piece, place * PLACE_BYTES);
    this.#post({ kind: "update", id, place, sizeBytes: piece.length });
    return true;
  }

  #settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settling.push({ resolve, reject });
      this.#post({ kind: "settle" });
    });
  }

  #post(request: Md5Request): void {
    this.#worker.postMessage(request);
  }

  #take(reply: Md5Reply): void {
    if (reply.kind === "idle") {
      this.#settling.shift()?.resolve();
      return;
    }
    this.#streams.delete(reply.id);
    this.#digests.get(reply.id)?.resolve(reply.md5);
    this.#digests.delete(reply.id);
  }

  #die(cause: unknown): void {
    if (this.isDead) return;
    this.#failure = new EfsError("INTERNAL", "the thread that computes MD5 ended", { cause });
    for (const { reject } of [...this.#digests.values(), ...this.#settling]) reject(this.#failure);
    this.#digests.clear();
    this.#settling = [];
  }
}
