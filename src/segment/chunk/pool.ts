/**
 * Worker threads that cut, hash and compress windows, or none: then the caller's thread does it. A window is worth about 2 MiB; a
 * worker takes one after another. The pool bounds how many windows exist at once, over all streams.
 */
import { existsSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { EfsError } from "../../base/errors.ts";
import { Limiter } from "../../base/limiter.ts";
import { vaultOfKey } from "../vault/vault.ts";
import { cutWindow } from "./cutter.ts";
import { type ChunkedPiece, packPieces } from "./window.ts";
import { WindowMemory } from "./window-memory.ts";
import { expandPieces, type WindowRequest, type WorkerReply } from "./worker-messages.ts";

export type PoolWindow = Omit<WindowRequest, "id">;

export interface WindowTail {
  /** The bytes that the next window begins with. */
  readonly undecided: Uint8Array;
  readonly openZerosBytes: number;
}

export interface WindowOutcome {
  /** Known long before the pieces are. */
  readonly tail: Promise<WindowTail>;
  readonly pieces: Promise<readonly ChunkedPiece[]>;
}

export interface ChunkPool {
  /** 0: all is done in the caller's thread. */
  readonly workerCount: number;
  /** How many bytes a stream best gathers for one window. */
  readonly windowBytes: number;
  /** Places for windows, over all streams: take one before `process`, give it back when its pieces are used up. */
  readonly places: Limiter;
  /** Where a consumer gives windows' memory back and streams take it from. */
  readonly memory: WindowMemory;
  /** The buffer is given away: it comes back as memory of the pieces. */
  process(window: PoolWindow): WindowOutcome;
  /** Ends the workers; what is under way fails with SHUTTING_DOWN. */
  close(): Promise<void>;
}

export interface ChunkPoolOptions {
  /** Worker threads; 0 is allowed. */
  readonly workers: number;
  /** The built worker; beside this module when undefined. Without one (running from source) there are no workers. */
  readonly workerUrl?: URL | undefined;
}

const WORKERS_MAX = 16;
const WINDOW_BYTES = 2 * 1024 * 1024;
/** Smaller without workers: the caller's event loop waits for a whole window. */
const INLINE_WINDOW_BYTES = 512 * 1024;

export function openChunkPool(options: ChunkPoolOptions): ChunkPool {
  const url = options.workerUrl ?? builtWorker();
  const workerCount = url === undefined ? 0 : Math.min(Math.max(0, options.workers), WORKERS_MAX);
  const places = new Limiter(2 * workerCount + 8);
  const memory = new WindowMemory();
  if (url === undefined || workerCount === 0) {
    return {
      workerCount: 0,
      windowBytes: INLINE_WINDOW_BYTES,
      places,
      memory,
      process: processHere,
      close: async () => undefined,
    };
  }
  const members = Array.from({ length: workerCount }, () => new Member(url));
  let lastId = 0;
  let isClosed = false;
  return {
    workerCount,
    windowBytes: WINDOW_BYTES,
    places,
    memory,
    process: (window) => {
      if (isClosed) return failedOutcome(closing());
      lastId += 1;
      const idlest = members.reduce((best, member) => (member.jobCount < best.jobCount ? member : best));
      return idlest.process({ ...window, id: lastId });
    },
    close: async () => {
      isClosed = true;
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

/** `worker.js` beside the built program; undefined when this runs from source, which worker threads of Node 20 cannot. */
function builtWorker(): URL | undefined {
  const url = new URL("./worker.js", import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : undefined;
}

interface Job {
  readonly onTail: (tail: WindowTail) => void;
  readonly onPieces: (pieces: readonly ChunkedPiece[]) => void;
  readonly onFailure: (error: Error) => void;
}

/** One worker thread: started when first used, started anew after it died. */
class Member {
  readonly #url: URL;
  readonly #jobs = new Map<number, Job>();
  #worker: Worker | undefined;

  constructor(url: URL) {
    this.#url = url;
  }

  get jobCount(): number {
    return this.#jobs.size;
  }

  process(request: WindowRequest): WindowOutcome {
    const worker = this.#worker ?? this.#start();
    let job: Job | undefined;
    const pieces = new Promise<readonly ChunkedPiece[]>((onPieces, rejectPieces) => {
      job = { onTail: () => undefined, onPieces, onFailure: rejectPieces };
    });
    const tail = new Promise<WindowTail>((onTail, rejectTail) => {
      const whole = job;
      assert(whole !== undefined, "a promise runs its executor at once");
      this.#jobs.set(request.id, {
        onTail,
        onPieces: whole.onPieces,
        onFailure: (error) => {
          rejectTail(error);
          whole.onFailure(error);
        },
      });
    });
    tail.catch(() => undefined);
    pieces.catch(() => undefined);
    worker.ref();
    worker.postMessage(request, [request.buffer]);
    return { tail, pieces };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(closing());
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#url);
    this.#worker = worker;
    worker.on("message", (reply: WorkerReply) => this.#receive(worker, reply));
    const lost = (error?: unknown) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#failAll(new EfsError("INTERNAL", "a worker thread that cuts and hashes died", { cause: error }));
    };
    worker.on("error", lost);
    worker.on("exit", () => lost());
    return worker;
  }

  #receive(worker: Worker, reply: WorkerReply): void {
    const job = this.#jobs.get(reply.id);
    if (job === undefined) return;
    if (reply.kind === "cut") {
      job.onTail(reply);
      return;
    }
    this.#jobs.delete(reply.id);
    // An idle worker does not keep the process alive.
    if (this.#jobs.size === 0) worker.unref();
    if (reply.kind === "packed") job.onPieces(expandPieces(reply.packed));
    else job.onFailure(new EfsError("INTERNAL", `cutting and hashing failed: ${reply.message}`));
  }

  #failAll(error: Error): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) job.onFailure(error);
  }
}

function processHere(window: PoolWindow): WindowOutcome {
  const bytes = new Uint8Array(window.buffer, window.startOffset, window.endOffset - window.startOffset);
  const { chunking, isLast, openZerosBytes } = window;
  const cut = cutWindow({ bytes, chunking, isLast, openZerosBytes });
  const undecided = bytes.slice(cut.undecidedOffset);
  const tail = Promise.resolve({ undecided, openZerosBytes: cut.openZerosBytes });
  // A turn of the event loop between windows, so that one stream does not stop everything else.
  const pieces = nextTurn().then(() => packPieces(bytes, cut.pieces, vaultOfKey(window.bucketKey)));
  pieces.catch(() => undefined);
  return { tail, pieces };
}

function failedOutcome(error: Error): WindowOutcome {
  const tail = Promise.reject(error);
  const pieces = Promise.reject(error);
  tail.catch(() => undefined);
  pieces.catch(() => undefined);
  return { tail, pieces };
}

function closing(): EfsError {
  return new EfsError("SHUTTING_DOWN", "the segment is closing");
}
