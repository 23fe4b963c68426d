/** Reads content from its root, whatever its kind; every byte is verified before it is given out. */
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { ContentRoot } from "../../model/reference.ts";
import { type ReadOptions, readContent, verifiedPiece } from "../chunk/tree-reader.ts";
import type { Core } from "../core/core.ts";
import { fetcherOf, fetchPieces } from "./fetch-pieces.ts";

/** @throws CHUNK_CORRUPT, CHUNK_MISSING with details `chunk` and `offset`, CANCELLED */
export function readRoot(
  core: Core,
  root: ContentRoot,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  return root.kind === "small"
    ? readSmall(core, root, options)
    : readContent(fetcherOf(core), root, { ...options, readAhead: core.readAhead });
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
