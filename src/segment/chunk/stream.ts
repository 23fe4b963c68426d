/**
 * A stream of bytes becomes references and chunks, in order, with bounded memory: a filler gathers windows from the source and
 * hands them to the pool while the consumer stores what earlier windows became.
 */
import { EfsError } from "../../base/errors.ts";
import { Limiter } from "../../base/limiter.ts";
import type { Chunking } from "../../model/namespace.ts";
import type { Vault } from "../vault/vault.ts";
import { undecidedBytesMax } from "./cutter.ts";
import type { ChunkPool, WindowTail } from "./pool.ts";
import { type ChunkedPiece, chunkWhole } from "./window.ts";

export interface ChunkStreamOptions {
  readonly chunking: Chunking;
  /** Seals the chunks; undefined: they are stored as they are. */
  readonly vault?: Vault | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Batch = readonly ChunkedPiece[];

/** Content of fewer bytes is cut and hashed where it is: handing it over would take longer. */
export const INLINE_BYTES_MAX = 128 * 1024;
/** Windows of one stream that are under way or not yet taken by the consumer. */
const WINDOWS_AHEAD = 4;
/** What a window is given room for at first; it grows as it fills, so that slow streams hold little. */
const FIRST_ROOM_BYTES = 32 * 1024;
const GROWTH = 4;

/**
 * Batches of pieces in order of the content, each at most 1,024 pieces and 6 MiB, none when there is no content. Asking for the
 * next batch says that the one before is on its way. Leaving early gives everything back; it does not wait for the source.
 * @throws what the source throws, CANCELLED, SHUTTING_DOWN
 */
export async function* chunkStream(
  pool: ChunkPool,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ChunkStreamOptions,
): AsyncGenerator<Batch> {
  const line = new Line(pool);
  const cancel = () => line.end(new EfsError("CANCELLED", "the stream was cancelled"));
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  // Owned by the line: it ends with it, and its failure comes out of `take`.
  fill(line, source, options).then(
    () => line.end(),
    (error: unknown) => line.end(error),
  );
  try {
    for (;;) {
      const batch = await line.take();
      if (batch === undefined) return;
      yield batch;
      line.release();
    }
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    line.abandon();
  }
}

async function fill(
  line: Line,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ChunkStreamOptions,
): Promise<void> {
  const window = new Window(line, options);
  for await (const piece of source) {
    if (line.isOver) return;
    for (let offset = 0; offset < piece.length; ) {
      offset += window.add(piece, offset);
      if (!window.isFull) continue;
      await window.submit(false);
      if (line.isOver) return;
    }
  }
  await window.submit(true);
}

/** The bytes gathered for the next window, behind room for what the window before leaves undecided. */
class Window {
  readonly #line: Line;
  readonly #chunking: Chunking;
  readonly #vault: Vault | undefined;
  #headroomBytes = 0;
  #lengthBytes = 0;
  #memory = allocate(FIRST_ROOM_BYTES);
  #before: Promise<WindowTail> | undefined;

  constructor(line: Line, { chunking, vault }: ChunkStreamOptions) {
    this.#line = line;
    this.#chunking = chunking;
    this.#vault = vault;
  }

  get isFull(): boolean {
    return this.#lengthBytes === this.#line.pool.windowBytes;
  }

  /** Copies what fits of `piece` from `offset` on; returns how much that was. */
  add(piece: Uint8Array, offset: number): number {
    const wantedBytes = Math.min(piece.length - offset, this.#line.pool.windowBytes - this.#lengthBytes);
    this.#makeRoom(wantedBytes);
    this.#memory.set(piece.subarray(offset, offset + wantedBytes), this.#headroomBytes + this.#lengthBytes);
    this.#lengthBytes += wantedBytes;
    return wantedBytes;
  }

  async submit(isLast: boolean): Promise<void> {
    const { pool } = this.#line;
    if (this.#before === undefined && isLast && this.#lengthBytes < INLINE_BYTES_MAX) {
      const bytes = this.#memory.subarray(0, this.#lengthBytes);
      if (bytes.length > 0) this.#line.put(Promise.resolve(chunkWhole(bytes, this.#chunking, this.#vault)));
      return;
    }
    await this.#line.acquire();
    if (this.#line.isOver) return;
    const tail = (await this.#before) ?? { undecided: new Uint8Array(0), openZerosBytes: 0 };
    if (this.#line.isOver) return;
    const startOffset = this.#headroomBytes - tail.undecided.length;
    this.#memory.set(tail.undecided, startOffset);
    const outcome = pool.process({
      buffer: this.#memory.buffer,
      startOffset,
      endOffset: this.#headroomBytes + this.#lengthBytes,
      chunking: this.#chunking,
      isLast,
      openZerosBytes: tail.openZerosBytes,
      bucketKey: this.#vault?.bucketKey,
    });
    this.#before = outcome.tail;
    this.#line.put(outcome.pieces);
    this.#headroomBytes = undecidedBytesMax(this.#chunking);
    this.#lengthBytes = 0;
    this.#memory = isLast ? allocate(0) : this.#nextMemory();
  }

  /** A whole window's when one is free; else little at first. */
  #nextMemory(): Uint8Array<ArrayBuffer> {
    const { memory, windowBytes } = this.#line.pool;
    return memory.take(this.#headroomBytes + windowBytes) ?? allocate(this.#headroomBytes + FIRST_ROOM_BYTES);
  }

  #makeRoom(moreBytes: number): void {
    const neededBytes = this.#headroomBytes + this.#lengthBytes + moreBytes;
    if (neededBytes <= this.#memory.length) return;
    const windowBytes = this.#line.pool.windowBytes;
    const roomBytes = Math.min(
      windowBytes,
      Math.max(this.#lengthBytes * GROWTH, this.#lengthBytes + moreBytes),
    );
    const grown = allocate(this.#headroomBytes + roomBytes);
    grown.set(this.#memory.subarray(0, this.#headroomBytes + this.#lengthBytes));
    this.#memory = grown;
  }
}

/** Batches between the filler and the consumer, with their places in the pool. */
class Line {
  readonly pool: ChunkPool;
  readonly #own = new Limiter(WINDOWS_AHEAD);
  readonly #batches: Array<Promise<Batch>> = [];
  #heldPlaces = 0;
  #isEnded = false;
  #isAbandoned = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(pool: ChunkPool) {
    this.pool = pool;
  }

  /** True when nobody wants more: the filler stops. */
  get isOver(): boolean {
    return this.#isAbandoned || this.#failure !== undefined;
  }

  /** Waits for a place in this stream and in the pool; has none when nobody wants more. */
  async acquire(): Promise<void> {
    await this.#own.acquire();
    if (this.#isAbandoned) return this.#own.release();
    await this.pool.places.acquire();
    this.#heldPlaces += 1;
    if (this.#isAbandoned) this.#releaseAll();
  }

  put(batch: Promise<Batch>): void {
    batch.catch(() => undefined);
    this.#batches.push(batch);
    this.#wake?.();
  }

  /** No more batches will come; with an error: nor are those on their way wanted. Only the first call counts. */
  end(...failure: [error?: unknown]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (failure.length > 0) this.#failure = { error: failure[0] };
    this.#wake?.();
  }

  /** The next batch; undefined at the end. */
  async take(): Promise<Batch | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const next = this.#batches[0];
      const woken = new Promise<undefined>((resolve) => {
        this.#wake = () => resolve(undefined);
      });
      if (next === undefined) {
        if (this.#isEnded) return undefined;
        await woken;
        continue;
      }
      const batch = await this.#orFailure(next, woken);
      if (batch === undefined) continue;
      this.#batches.shift();
      return batch;
    }
  }

  /** The consumer is done with the batch that it took last. */
  release(): void {
    if (this.#heldPlaces === 0) return;
    this.#heldPlaces -= 1;
    this.pool.places.release();
    if (this.pool.places.running === 0) this.pool.memory.clear();
    this.#own.release();
  }

  /** The consumer wants nothing more. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#releaseAll();
  }

  /** The batch, or undefined when something happened before it was there. */
  #orFailure(batch: Promise<Batch>, woken: Promise<undefined>): Promise<Batch | undefined> {
    return Promise.race([batch, woken]);
  }

  #releaseAll(): void {
    while (this.#heldPlaces > 0) this.release();
  }
}

/** Memory that is written before it is read; its own ArrayBuffer, so that it can move to a worker. */
function allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer as ArrayBuffer);
}
