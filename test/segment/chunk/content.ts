/** Content for tests of cutting and trees: made from a seed, of the kinds that matter, and a place to keep its pieces. */
import { concat, toHex } from "../../../src/base/bytes.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import type { ChunkPut, StoredChunk } from "../../../src/engine/chunk-store.ts";
import type { ContentRoot } from "../../../src/model/reference.ts";
import { TreeBuilder } from "../../../src/segment/chunk/tree-builder.ts";
import { type FetchPieces, type ReadOptions, readContent } from "../../../src/segment/chunk/tree-reader.ts";
import type { ChunkedPiece } from "../../../src/segment/chunk/window.ts";

/** Stretches of random bytes, of text-like bytes, of one byte repeated, of zeros: around the sizes where rules change. */
export function mixedContent(seed: number, stretches: number): Uint8Array {
  const random = seededRandom(seed);
  return concat(Array.from({ length: stretches }, () => stretch(random)));
}

export function below(random: Random, bound: number): number {
  return Math.floor(random.fraction() * bound);
}

function stretch(random: Random): Uint8Array {
  const kind = below(random, 6);
  if (kind === 0) return new Uint8Array(16 * 1024 - 2 + below(random, 5));
  if (kind === 1) return new Uint8Array(below(random, 100_000));
  if (kind === 2) return new Uint8Array(below(random, 300_000)).fill(1 + below(random, 255));
  if (kind === 3) return random.bytes(200_000).map((byte) => 97 + (byte & 7));
  if (kind === 4) return random.bytes(1 + below(random, 3));
  return random.bytes(below(random, 200_000));
}

/** Chunks and nodes in memory, as a ChunkStore would keep them. */
export class Shelf {
  readonly pieces = new Map<string, StoredChunk>();

  put(put: ChunkPut): boolean {
    const key = toHex(put.key);
    const isNew = !this.pieces.has(key);
    if (isNew) this.pieces.set(key, put);
    return isNew;
  }

  readonly fetch: FetchPieces = async (pieces) => pieces.map(({ id }) => this.pieces.get(toHex(id)));

  async read(root: ContentRoot, options?: ReadOptions): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of readContent(this.fetch, root, options)) parts.push(part);
    return concat(parts);
  }
}

export interface Stored {
  readonly root: ContentRoot;
  readonly newChunks: number;
  /** New nodes of each level, leaves' parents first. */
  readonly newNodes: readonly number[];
}

/** Builds the tree of pieces and puts everything on the shelf. */
export function shelve(shelf: Shelf, pieces: Iterable<ChunkedPiece>): Stored {
  const builder = new TreeBuilder();
  const levels = new Map<string, number>();
  const newNodes: number[] = [];
  let newChunks = 0;
  const putNodes = (nodes: readonly ChunkPut[], childLevel: (put: ChunkPut) => number) => {
    for (const node of nodes) {
      const level = childLevel(node);
      levels.set(toHex(node.key), level);
      if (shelf.put(node)) newNodes[level] = (newNodes[level] ?? 0) + 1;
    }
  };
  // A node's level is one above its highest child's; children come first, so theirs are known.
  const levelOf = (node: ChunkPut): number => {
    const text = toHex(node.bytes);
    let level = 0;
    for (const [key, childLevel] of levels) if (text.includes(key)) level = Math.max(level, childLevel + 1);
    return level;
  };
  for (const { reference, put } of pieces) {
    if (put !== undefined && shelf.put(put)) newChunks += 1;
    putNodes(builder.add(reference), levelOf);
  }
  const { root, nodes } = builder.finish();
  putNodes(nodes, levelOf);
  return { root, newChunks, newNodes };
}
