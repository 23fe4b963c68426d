/**
 * Reads content through its tree: descends only where the range lies, fetches many pieces at once and ahead, checks every node and
 * every chunk against its id before one byte of it is given out. Depends on lengths and slices, never on the tree's shape.
 */
import { equalBytes, toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { StoredChunk } from "../../engine/chunk-store.ts";
import { decodeNode } from "../../model/chunk-manifest.ts";
import { contentId, nodeId } from "../../model/hash.ts";
import type { ContentId } from "../../model/ids.ts";
import { NODE_BYTES_MAX, TREE_DEPTH_MAX } from "../../model/limits.ts";
import { type ContentRoot, type Reference, rootSizeBytes } from "../../model/reference.ts";
import type { ContentPiece } from "../replication.ts";
import { decodeChunk } from "./codec.ts";
import { ReadAhead } from "./read-ahead.ts";
import { sliceReferences } from "./tree-slice.ts";

/** Stored pieces in the order asked, undefined where absent. At most FETCH_PIECES_MAX a call. */
export type FetchPieces = (
  pieces: readonly ContentPiece[],
) => Promise<ReadonlyArray<StoredChunk | undefined>>;

export const FETCH_PIECES_MAX = 32;
/** Brother nodes that are fetched together. */
const NODES_AHEAD = 8;
/** How many fetches of chunks run ahead of the reader. */
const FETCHES_AHEAD = 2;
const ZEROS = new Uint8Array(64 * 1024);

export interface ReadOptions {
  /** First byte; 0 when undefined. */
  readonly startByte?: number | undefined;
  /** End, not included; the content's end when undefined. Both lie within the content. */
  readonly endByte?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Shared with other readers; a reader of its own when undefined. */
  readonly readAhead?: ReadAhead | undefined;
}

/** A slice of a chunk or of small content, or zeros, and where it begins in the whole content. */
interface Leaf {
  /** undefined: zeros. */
  readonly piece: ContentPiece | undefined;
  readonly skipBytes: number;
  readonly lengthBytes: number;
  readonly offsetBytes: number;
}

/**
 * The bytes of a range, piece by piece (each at most 1 MiB, not to be changed: runs of zeros share memory).
 * @throws CHUNK_CORRUPT, CHUNK_MISSING with details `chunk` (hex id) and `offset` (byte of the content where it begins), CANCELLED
 */
export async function* readContent(
  fetch: FetchPieces,
  root: ContentRoot,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const startByte = options.startByte ?? 0;
  const lengthBytes = (options.endByte ?? rootSizeBytes(root)) - startByte;
  if (root.kind === "none" || lengthBytes <= 0) return;
  const readAhead = options.readAhead ?? new ReadAhead();
  const end = readAhead.begin();
  try {
    const source = leaves(fetch, root, { skipBytes: startByte, lengthBytes });
    yield* readBatches(fetchBatches(fetch, source, readAhead), options.signal);
  } finally {
    end();
  }
}

async function* readBatches(
  batches: AsyncGenerator<Batch>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const ahead: Batch[] = [];
  for (;;) {
    while (ahead.length < FETCHES_AHEAD) {
      checkSignal(signal);
      const next = await batches.next();
      if (next.done === true) break;
      ahead.push(next.value);
    }
    const batch = ahead.shift();
    if (batch === undefined) return;
    const stored = await batch.stored;
    let index = 0;
    for (const leaf of batch.leaves) {
      checkSignal(signal);
      if (leaf.piece === undefined) yield* zeros(leaf.lengthBytes);
      else yield verifiedSlice(leaf, leaf.piece, stored[index++]);
    }
    if (batch.failure !== undefined) throw batch.failure.error;
  }
}

/** The references of a node, verified. @throws CHUNK_CORRUPT, CHUNK_MISSING */
export async function readTreeNode(
  fetch: FetchPieces,
  id: ContentId,
  offsetBytes = 0,
): Promise<readonly Reference[]> {
  const [stored] = await fetch([{ kind: "node", id }]);
  return verifiedNode({ id, offsetBytes }, stored);
}

/** The plain bytes of one piece, checked against its id. @throws CHUNK_CORRUPT, CHUNK_MISSING */
export function verifiedPiece(
  piece: ContentPiece,
  stored: StoredChunk | undefined,
  offsetBytes = 0,
): Uint8Array {
  const place = { id: piece.id, offsetBytes };
  if (stored === undefined) throw failure("CHUNK_MISSING", place, `the ${piece.kind} is missing`);
  if (piece.kind === "node" && stored.plainBytes > NODE_BYTES_MAX) {
    throw failure("CHUNK_CORRUPT", place, "the node is over its limit");
  }
  let plain: Uint8Array;
  try {
    plain = decodeChunk(stored);
  } catch (error) {
    if (error instanceof EfsError && error.code === "CHUNK_CORRUPT")
      throw failure(error.code, place, error.message, error);
    throw error;
  }
  const id = piece.kind === "node" ? nodeId(plain) : contentId(plain);
  if (!equalBytes(id, piece.id))
    throw failure("CHUNK_CORRUPT", place, `the ${piece.kind}'s bytes do not match its id`);
  return plain;
}

interface Batch {
  readonly leaves: readonly Leaf[];
  /** For the leaves that are no zeros, in order. */
  readonly stored: Promise<ReadonlyArray<StoredChunk | undefined>>;
  /** What stopped the descent behind these leaves: thrown when they have been given out. */
  readonly failure: { readonly error: unknown } | undefined;
}

interface Range {
  readonly skipBytes: number;
  readonly lengthBytes: number;
}

interface Place {
  readonly id: ContentId;
  readonly offsetBytes: number;
}

async function* fetchBatches(
  fetch: FetchPieces,
  source: AsyncIterable<Leaf>,
  readAhead: ReadAhead,
): AsyncGenerator<Batch> {
  let batch: Leaf[] = [];
  let sizeBytes = 0;
  let failure: Batch["failure"];
  try {
    for await (const leaf of source) {
      batch.push(leaf);
      if (leaf.piece !== undefined) sizeBytes += leaf.skipBytes + leaf.lengthBytes;
      if (sizeBytes < readAhead.fetchBytes && batch.length < FETCH_PIECES_MAX) continue;
      yield fetched(fetch, batch);
      batch = [];
      sizeBytes = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (batch.length > 0 || failure !== undefined) yield fetched(fetch, batch, failure);
}

function fetched(fetch: FetchPieces, batch: readonly Leaf[], failure?: Batch["failure"]): Batch {
  const pieces: ContentPiece[] = [];
  for (const { piece } of batch) if (piece !== undefined) pieces.push(piece);
  const stored = pieces.length === 0 ? Promise.resolve([]) : fetch(pieces);
  // Awaited when its turn comes; a failure until then is not unhandled.
  stored.catch(() => undefined);
  return { leaves: batch, stored, failure };
}

/** Chunks and zeros of a range, in order. */
export async function* leaves(fetch: FetchPieces, root: ContentRoot, range: Range): AsyncGenerator<Leaf> {
  if (root.kind === "none") return;
  if (root.kind === "small") {
    const piece: ContentPiece = { kind: "small", id: root.id };
    yield { piece, skipBytes: range.skipBytes, lengthBytes: range.lengthBytes, offsetBytes: range.skipBytes };
    return;
  }
  yield* descend(fetch, sliceReferences([root], range), { offsetBytes: range.skipBytes, depth: 0 });
}

async function* descend(
  fetch: FetchPieces,
  references: readonly Reference[],
  at: { readonly offsetBytes: number; readonly depth: number },
): AsyncGenerator<Leaf> {
  let { offsetBytes } = at;
  let nodes = new Map<number, StoredChunk | undefined>();
  for (const [index, reference] of references.entries()) {
    if (reference.kind === "node") {
      if (!nodes.has(index)) nodes = await fetchNodes(fetch, references, index);
      const place = { id: reference.id, offsetBytes };
      if (at.depth >= TREE_DEPTH_MAX) throw failure("CHUNK_CORRUPT", place, "the tree is too deep");
      const children = childrenOf(reference, verifiedNode(place, nodes.get(index)), place);
      yield* descend(fetch, children, { offsetBytes, depth: at.depth + 1 });
    } else {
      const { lengthBytes } = reference;
      if (reference.kind === "zeros") yield { piece: undefined, skipBytes: 0, lengthBytes, offsetBytes };
      else {
        const piece: ContentPiece = { kind: "chunk", id: reference.id };
        yield { piece, skipBytes: reference.skipBytes, lengthBytes, offsetBytes };
      }
    }
    offsetBytes += reference.lengthBytes;
  }
}

/** The nodes of the next few references from `index` on, by their places in the list. */
async function fetchNodes(
  fetch: FetchPieces,
  references: readonly Reference[],
  index: number,
): Promise<Map<number, StoredChunk | undefined>> {
  const places: number[] = [];
  const pieces: ContentPiece[] = [];
  for (let place = index; place < references.length && pieces.length < NODES_AHEAD; place += 1) {
    const reference = references[place];
    if (reference?.kind !== "node") continue;
    places.push(place);
    pieces.push({ kind: "node", id: reference.id });
  }
  const stored = await fetch(pieces);
  return new Map(places.map((place, nth) => [place, stored[nth]]));
}

function verifiedNode(place: Place, stored: StoredChunk | undefined): readonly Reference[] {
  const plain = verifiedPiece({ kind: "node", id: place.id }, stored, place.offsetBytes);
  try {
    return decodeNode(plain);
  } catch (error) {
    if (!(error instanceof EfsError) || error.kind !== "corrupt") throw error;
    throw failure("CHUNK_CORRUPT", place, `the node is malformed: ${error.message}`, error);
  }
}

function childrenOf(
  reference: { readonly skipBytes: number; readonly lengthBytes: number },
  children: readonly Reference[],
  place: Place,
): readonly Reference[] {
  try {
    return sliceReferences(children, reference);
  } catch (error) {
    if (!(error instanceof EfsError)) throw error;
    throw failure("CHUNK_CORRUPT", place, `the node is shorter than its reference: ${error.message}`, error);
  }
}

/** The leaf's bytes, verified. @throws CHUNK_CORRUPT, CHUNK_MISSING */
export function verifiedSlice(
  leaf: Omit<Leaf, "piece">,
  piece: ContentPiece,
  stored: StoredChunk | undefined,
): Uint8Array {
  const { skipBytes, lengthBytes, offsetBytes } = leaf;
  const plain = verifiedPiece(piece, stored, offsetBytes);
  const endByte = skipBytes + lengthBytes;
  if (endByte > plain.length) {
    const place = { id: piece.id, offsetBytes };
    throw failure(
      "CHUNK_CORRUPT",
      place,
      `${endByte} bytes are named, the ${piece.kind} has ${plain.length}`,
    );
  }
  return plain.subarray(skipBytes, endByte);
}

function* zeros(lengthBytes: number): Generator<Uint8Array> {
  for (let left = lengthBytes; left > 0; left -= ZEROS.length) {
    yield left >= ZEROS.length ? ZEROS : ZEROS.subarray(0, left);
  }
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EfsError("CANCELLED", "reading was cancelled");
}

function failure(
  code: "CHUNK_CORRUPT" | "CHUNK_MISSING",
  place: Place,
  message: string,
  cause?: unknown,
): EfsError {
  const chunk = toHex(place.id);
  return new EfsError(code, `${message} (${chunk.slice(0, 16)}… at byte ${place.offsetBytes})`, {
    cause,
    details: { chunk, offset: place.offsetBytes },
  });
}
