/** Reads content from its root, whatever its kind; every byte is verified before it is given out. */
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { ContentRoot } from "../../model/reference.ts";
import { type ReadOptions, readContent, verifiedPiece, verifiedSlice } from "../chunk/tree-reader.ts";
import type { Core } from "../core/core.ts";
import { fetcherOf, fetchPieces } from "./fetch-pieces.ts";

/** @throws CHUNK_CORRUPT, CHUNK_MISSING with details `chunk` and `offset`, CANCELLED */
export function readRoot(
  core: Core,
  root: ContentRoot,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  if (root.kind === "small") return readSmall(core, root, options);
  if (root.kind === "chunk") return readChunk(core, root, options);
  return readContent(fetcherOf(core), root, { ...options, readAhead: core.readAhead });
}

/** Content of one chunk has no tree to walk. */
async function* readChunk(
  core: Core,
  root: Extract<ContentRoot, { readonly skipBytes: number }>,
  { startByte = 0, endByte = root.lengthBytes }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  if (endByte <= startByte) return;
  const piece = { kind: root.kind, id: root.id };
  const [stored] = await fetchPieces(core, [piece]);
  const lengthBytes = endByte - startByte;
  yield verifiedSlice(
    { skipBytes: root.skipBytes + startByte, lengthBytes, offsetBytes: startByte },
    piece,
    stored,
  );
}

async function* readSmall(
  core: Core,
  root: Extract<ContentRoot, { kind: "small" }>,
  { startByte = 0, endByte = root.lengthBytes }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  if (endByte <= startByte) return;
  const piece = { kind: "small" as const, id: root.id };
  const [stored] = await fetchPieces(core, [piece]);
  const bytes = verifiedPiece(piece, stored);
  if (bytes.length !== root.lengthBytes) {
    const chunk = toHex(root.id);
    throw new EfsError(
      "CHUNK_CORRUPT",
      `content ${chunk} has ${bytes.length} bytes, not ${root.lengthBytes}`,
      {
        details: { chunk, offset: 0 },
      },
    );
  }
  yield bytes.subarray(startByte, endByte);
}
