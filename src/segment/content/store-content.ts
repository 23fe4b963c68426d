/**
 * Stores the content of a put: at most 1 KiB as a record beside the version, more as chunks under a tree. Memory is bounded however
 * long the content. Invariant: a node is put only when everything under it is durable, or stands before it in the same call
 * of an otherwise idle store; a failure leaves chunks that nothing names, and never a node that lacks something.
 */
import { concat } from "../../base/bytes.ts";
import type { ChunkPut } from "../../engine/chunk-store.ts";
import type { Write } from "../../engine/meta-store.ts";
import { SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { Chunking } from "../../model/namespace.ts";
import type { ContentRoot } from "../../model/reference.ts";
import { chunkStream, INLINE_BYTES_MAX } from "../chunk/stream.ts";
import { TreeBuilder } from "../chunk/tree-builder.ts";
import { type ChunkedPiece, chunkWhole } from "../chunk/window.ts";
import type { Core } from "../core/core.ts";
import { sealedPuts } from "../vault/in-vault.ts";
import { bodyPieces, checkWhole } from "./body.ts";
import { smallContentOf } from "./small-content.ts";

/** Calls of putMany under way for one put; each holds a batch of about 2 MiB. */
const PUTS_IN_FLIGHT = 8;
/** Calls of at least this size are bounded over all puts (Core.largePuts), and with them the memory that they hold. */
const LARGE_CALL_BYTES = 1024 * 1024;
const PUT_CHUNKS_MAX = 1024;
const PUT_BYTES_MAX = 16 * 1024 * 1024;
/** Nodes that wait for what is under them; about 2 GiB of content stand between two flushes. */
const NODES_WAITING_MAX = 512;

export interface StoredContent {
  readonly root: ContentRoot;
  readonly sizeBytes: number;
  /** The record of small content, for the commit of the version. */
  readonly write: Write | undefined;
}

export interface StoreOptions {
  readonly chunking: Chunking;
  readonly sizeBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws TRUNCATED, TOO_LARGE, CANCELLED, NO_SPACE, READ_ONLY, what the body throws */
export async function storeContent(
  core: Core,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: StoreOptions,
): Promise<StoredContent> {
  if (body instanceof Uint8Array) {
    checkWhole(body, options);
    if (body.length <= SMALL_CONTENT_BYTES_MAX)
      return { ...smallContentOf(core, body), sizeBytes: body.length };
    return body.length < INLINE_BYTES_MAX
      ? storeInline(core, body, options)
      : storeTree(core, [body], options);
  }
  const pieces = bodyPieces(body, options);
  const head: Uint8Array[] = [];
  let headBytes = 0;
  while (headBytes <= SMALL_CONTENT_BYTES_MAX) {
    const next = await pieces.next();
    if (next.done === true) return { ...smallContentOf(core, concat(head)), sizeBytes: headBytes };
    head.push(next.value);
    headBytes += next.value.length;
  }
  return storeTree(core, after(head, pieces), options);
}

/** Short content that is all there, without a stream's machinery. */
async function storeInline(core: Core, body: Uint8Array, { chunking }: StoreOptions): Promise<StoredContent> {
  const writer = new TreeWriter(core);
  await writer.add(chunkWhole(body, chunking, core.vault));
  return writer.finish();
}

async function storeTree(
  core: Core,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: StoreOptions,
): Promise<StoredContent> {
  const writer = new TreeWriter(core);
  try {
    const { chunking, signal } = options;
    for await (const batch of chunkStream(core.content, source, { chunking, signal, vault: core.vault }))
      await writer.add(batch);
    return await writer.finish();
  } catch (thrown) {
    await writer.abandon();
    throw thrown;
  }
}

class TreeWriter {
  readonly #core: Core;
  readonly #builder = new TreeBuilder();
  readonly #inFlight: Array<Promise<unknown>> = [];
  /** The first batch is held back until a second comes, so that short content goes in one call with its nodes. */
  #held: readonly ChunkPut[] | undefined = undefined;
  #nodes: ChunkPut[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  async add(batch: readonly ChunkedPiece[]): Promise<void> {
    const chunks: ChunkPut[] = [];
    const nodes: ChunkPut[] = [];
    for (const { reference, put } of batch) {
      if (put !== undefined) chunks.push(put);
      nodes.push(...this.#builder.add(reference));
    }
    this.#nodes.push(...nodes);
    if (this.#held === undefined) {
      this.#held = chunks;
      return;
    }
    await this.#putBatch(this.#held);
    this.#held = [];
    await this.#putBatch(chunks);
    if (this.#nodes.length >= NODES_WAITING_MAX) await this.#flush();
  }

  async finish(): Promise<StoredContent> {
    const { sizeBytes } = this.#builder;
    const { root, nodes } = this.#builder.finish();
    this.#nodes.push(...nodes);
    await this.#flush();
    return { root, sizeBytes, write: undefined };
  }

  /** Waits for what is under way, so that nothing of a failed put goes on behind it. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  async #flush(): Promise<void> {
    await this.#settle(0);
    const puts = sealedPuts(this.#core, [...(this.#held ?? []), ...this.#nodes]);
    this.#held = [];
    this.#nodes = [];
    for (const call of callsOf(puts)) {
      await this.#put(call);
      await this.#settle(0);
    }
  }

  /** The chunks of one window: once they are durable its memory is free for another. */
  async #putBatch(chunks: readonly ChunkPut[]): Promise<void> {
    const giveBack = () => {
      for (const buffer of new Set(chunks.map((chunk) => chunk.bytes.buffer))) {
        this.#core.content.memory.giveBack(buffer);
      }
    };
    if (chunks.length > 0) await this.#put(chunks, giveBack);
  }

  async #put(chunks: readonly ChunkPut[], onDurable?: () => void): Promise<void> {
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    const admitted = this.#core.guard.admit(sizeBytes);
    if (admitted !== undefined) await admitted;
    const put = sizeBytes < LARGE_CALL_BYTES ? this.#core.guard.putMany(chunks) : this.#putLarge(chunks);
    // A failure is met in `settle`.
    put.then(onDurable, () => undefined);
    this.#inFlight.push(put);
    await this.#settle(PUTS_IN_FLIGHT - 1);
  }

  #putLarge(chunks: readonly ChunkPut[]): Promise<unknown> {
    return this.#core.largePuts.run(() => this.#core.guard.putMany(chunks));
  }

  /** Waits until at most so many calls are under way. */
  async #settle(max: number): Promise<void> {
    while (this.#inFlight.length > max) {
      await this.#inFlight[0];
      this.#inFlight.shift();
    }
  }
}

function callsOf(puts: readonly ChunkPut[]): ReadonlyArray<readonly ChunkPut[]> {
  const calls: ChunkPut[][] = [];
  let sizeBytes = Number.POSITIVE_INFINITY;
  for (const put of puts) {
    const isFull = sizeBytes + put.bytes.length > PUT_BYTES_MAX || calls.at(-1)?.length === PUT_CHUNKS_MAX;
    if (isFull) {
      calls.push([]);
      sizeBytes = 0;
    }
    calls.at(-1)?.push(put);
    sizeBytes += put.bytes.length;
  }
  return calls;
}

async function* after(
  head: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* rest;
}
