/** Pieces of content (chunks, tree nodes, small contents) by their ids: which are here, and their bytes. */
import { concat, equalBytes, toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { StoredChunk } from "../../engine/chunk-store.ts";
import type { ContentId } from "../../model/ids.ts";
import { escapeName } from "../../model/names.ts";
import { type ContentRoot, type Reference, rootSizeBytes } from "../../model/reference.ts";
import type { Version } from "../../model/version.ts";
import { readTreeNode, verifiedPiece } from "../chunk/tree-reader.ts";
import { fetcherOf, fetchPieces, smallLengths } from "../content/fetch-pieces.ts";
import { readRoot } from "../content/read-root.ts";
import type { Core } from "../core/core.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { ContentPiece } from "../replication.ts";

const MISSING_MAX = 10_000;
const READ_MAX = 1024;
const RANGE_BYTES_MAX = 4 * 1024 * 1024;

/** Indexes of the pieces that are not here; the others are claimed. */
export async function missingPieces(core: Core, pieces: readonly ContentPiece[]): Promise<readonly number[]> {
  if (pieces.length === 0) return [];
  checkLimit(pieces.length, MISSING_MAX);
  const smalls = pieces.filter((piece) => piece.kind === "small");
  const { vault } = core;
  const claims = pieces
    .filter((piece) => piece.kind !== "small")
    .map(({ id }) => (vault === undefined ? id : vault.placeOf(id)));
  const claimed = claims.length === 0 ? [] : await core.chunks.claim(claims);
  const lengths = await smallLengths(
    core,
    smalls.map((piece) => piece.id),
  );
  let [claimIndex, smallIndex] = [0, 0];
  const missing: number[] = [];
  for (const [index, piece] of pieces.entries()) {
    const isHere =
      piece.kind === "small" ? lengths[smallIndex++] !== undefined : claimed[claimIndex++] === true;
    if (!isHere) missing.push(index);
  }
  return missing;
}

/** Every root must be here. @throws CHUNK_MISSING naming the first version that lacks its content */
export async function requireContent(core: Core, versions: readonly Version[]): Promise<void> {
  const needed: Array<{ readonly version: Version; readonly piece: ContentPiece }> = [];
  const smalls: Array<Extract<ContentRoot, { kind: "small" }>> = [];
  for (const version of versions) {
    const { content } = version;
    if (content.kind === "small") smalls.push(content);
    if (content.kind === "chunk" || content.kind === "node") {
      needed.push({ version, piece: { kind: content.kind, id: content.id } });
    }
  }
  const lengths = await smallLengths(
    core,
    smalls.map((root) => root.id),
  );
  const unfit = smalls.find((root, index) => lengths[index] !== root.lengthBytes);
  const smallLack = versions.find(({ content }) => content === unfit);
  if (unfit !== undefined && smallLack !== undefined)
    throw lackOf(smallLack, { kind: "small", id: unfit.id });
  const [first] = await missingPieces(
    core,
    needed.map(({ piece }) => piece),
  );
  const lacking = first === undefined ? undefined : needed[first];
  if (lacking !== undefined) throw lackOf(lacking.version, lacking.piece);
}

function lackOf(version: Version, piece: ContentPiece): EfsError {
  const chunk = toHex(piece.id);
  return new EfsError(
    "CHUNK_MISSING",
    `the content of version ${version.uvid} of "${escapeName(version.object)}" is not here: ${piece.kind} ${chunk}`,
    { details: { object: version.object, version: version.uvid, chunk } },
  );
}

export async function readPieces(
  core: Core,
  pieces: readonly ContentPiece[],
): Promise<ReadonlyArray<StoredChunk | undefined>> {
  if (pieces.length === 0) return [];
  checkLimit(pieces.length, READ_MAX);
  return fetchPieces(core, pieces);
}

export async function readPlainPiece(core: Core, piece: ContentPiece): Promise<Uint8Array> {
  const [stored] = await fetchPieces(core, [piece]);
  return verifiedPiece(piece, stored);
}

export function readNodeOf(core: Core, id: ContentId): Promise<readonly Reference[]> {
  return readTreeNode(fetcherOf(core), id);
}

export async function readRootRange(
  core: Core,
  root: ContentRoot,
  range: { readonly startByte: number; readonly endByte: number },
): Promise<Uint8Array> {
  const { startByte, endByte } = range;
  const isSound =
    Number.isSafeInteger(startByte) &&
    Number.isSafeInteger(endByte) &&
    startByte >= 0 &&
    endByte >= startByte &&
    endByte <= rootSizeBytes(root) &&
    endByte - startByte <= RANGE_BYTES_MAX;
  if (!isSound) {
    throw new EfsError(
      "BAD_VALUE",
      `not a range of ${rootSizeBytes(root)} bytes: ${startByte} to ${endByte}`,
    );
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of readRoot(core, root, range)) pieces.push(piece);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : concat(pieces);
}

/** HASH_MISMATCH unless the plain bytes have this id. */
export function requireHash(piece: ContentPiece, actual: ContentId): void {
  if (equalBytes(piece.id, actual)) return;
  const chunk = toHex(piece.id);
  throw new EfsError("HASH_MISMATCH", `a received ${piece.kind} is not ${chunk} but ${toHex(actual)}`, {
    details: { chunk },
  });
}
