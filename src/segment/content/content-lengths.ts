/**
 * How many bytes of content an id stands for: a chunk's plain length, the sum of a node's references. Lets what a peer sends be checked
 * before it is taken in: a reference past the end of what it names would make content that cannot be read. Remembers lengths lately asked.
 */
import { byteText } from "../../base/byte-text.ts";
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { ChunkKey, ChunkStore } from "../../engine/chunk-store.ts";
import type { Reference } from "../../model/reference.ts";
import { readTreeNode } from "../chunk/tree-reader.ts";
import type { Core } from "../core/core.ts";
import type { ContentPiece } from "../replication.ts";
import { fetcherOf } from "./fetch-pieces.ts";

const HELD_MAX = 50_000;

export class ContentLengths {
  #held = new Map<string, number>();

  get(piece: ContentPiece): number | undefined {
    return this.#held.get(keyOf(piece));
  }

  /** To be called with verified lengths only. */
  set(piece: ContentPiece, lengthBytes: number): void {
    if (this.#held.size >= HELD_MAX) this.#held = new Map();
    this.#held.set(keyOf(piece), lengthBytes);
  }
}

/** Bytes of the content under a list of references. */
export function lengthOfAll(references: readonly Reference[]): number {
  return references.reduce((sum, reference) => sum + reference.lengthBytes, 0);
}

/** Slices of things that are here must lie within them. @throws HASH_MISMATCH, CHUNK_MISSING, CHUNK_CORRUPT */
export async function requireWithin(
  core: Core,
  references: readonly Reference[],
  known: ContentLengths,
): Promise<void> {
  for (const reference of references) {
    if (reference.kind === "zeros") continue;
    const piece = { kind: reference.kind, id: reference.id };
    const lengthBytes = known.get(piece) ?? (await lengthOf(core, piece));
    if (reference.skipBytes + reference.lengthBytes <= lengthBytes) continue;
    const chunk = toHex(reference.id);
    throw new EfsError(
      "HASH_MISMATCH",
      `a reference ends at byte ${reference.skipBytes + reference.lengthBytes} of ${reference.kind} ${chunk}, which has ${lengthBytes}`,
      { details: { chunk } },
    );
  }
}

async function lengthOf(
  core: Core,
  piece: { readonly kind: "chunk" | "node" } & ContentPiece,
): Promise<number> {
  const held = core.lengths.get(piece);
  if (held !== undefined) return held;
  const lengthBytes =
    piece.kind === "chunk"
      ? await plainBytesOf(core.chunks, core.vault?.placeOf(piece.id) ?? piece.id)
      : lengthOfAll(await readTreeNode(fetcherOf(core), piece.id));
  core.lengths.set(piece, lengthBytes);
  return lengthBytes;
}

/** From the store's index: the chunk itself is not read. */
async function plainBytesOf(chunks: ChunkStore, key: ChunkKey): Promise<number> {
  const [listed] = await chunks.list(keyBefore(key), 1);
  if (listed !== undefined && toHex(listed.key) === toHex(key)) return listed.plainBytes;
  throw new EfsError("CHUNK_MISSING", `chunk ${toHex(key)} is missing`, { details: { chunk: toHex(key) } });
}

/** The greatest key of the same length below `key`; undefined below the first. */
function keyBefore(key: ChunkKey): ChunkKey | undefined {
  const before = key.slice();
  for (let index = before.length - 1; index >= 0; index -= 1) {
    const byte = before[index] ?? 0;
    before[index] = byte === 0 ? 255 : byte - 1;
    if (byte !== 0) return before;
  }
  return undefined;
}

function keyOf(piece: ContentPiece): string {
  return piece.kind + byteText(piece.id);
}
