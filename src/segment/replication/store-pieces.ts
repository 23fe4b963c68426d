/**
 * Storing pieces that another segment sent. Trusts nothing: every piece is decoded within its limit and hashed, and a node is
 * taken only when everything that it names is here or comes before it in the same call ("present means complete").
 */
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Write } from "../../engine/meta-store.ts";
import { decodeNode } from "../../model/chunk-manifest.ts";
import { contentId, nodeId } from "../../model/hash.ts";
import { FIXED_CHUNK_BYTES_MAX, NODE_BYTES_MAX, SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { Reference } from "../../model/reference.ts";
import { decodeChunk } from "../chunk/codec.ts";
import { ContentLengths, lengthOfAll, requireWithin } from "../content/content-lengths.ts";
import { smallWrite } from "../content/small-content.ts";
import type { Core } from "../core/core.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { ContentPiece, ReceivedPiece } from "../replication.ts";
import { putPieces } from "../vault/in-vault.ts";
import { missingPieces, requireHash } from "./pieces.ts";

const PIECES_MAX = 1024;
const PIECES_BYTES_MAX = 16 * 1024 * 1024;
/** Small contents of one commit: well below the limits of a batch. */
const SMALLS_OF_A_COMMIT = 500;
const CLAIM_MAX = 10_000;

const PLAIN_BYTES_MAX: Readonly<Record<ContentPiece["kind"], number>> = {
  chunk: FIXED_CHUNK_BYTES_MAX,
  node: NODE_BYTES_MAX,
  small: SMALL_CONTENT_BYTES_MAX,
};

export async function storePieces(core: Core, pieces: readonly ReceivedPiece[]): Promise<void> {
  if (pieces.length === 0) return;
  checkLimit(pieces.length, PIECES_MAX);
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.stored.bytes.length, 0);
  if (sizeBytes > PIECES_BYTES_MAX) {
    throw new EfsError("LIMIT", `pieces of ${sizeBytes} bytes at once, the limit is ${PIECES_BYTES_MAX}`);
  }
  const admitted = core.guard.admit(sizeBytes);
  if (admitted !== undefined) await admitted;

  const smalls: Write[] = [];
  /** Lengths of what earlier pieces of the call bring. */
  const brought = new ContentLengths();
  const outside: Reference[] = [];
  for (const piece of pieces) {
    const plain = plainOf(piece);
    requireHash(piece, piece.kind === "node" ? nodeId(plain) : contentId(plain));
    if (piece.kind === "small") {
      smalls.push(smallWrite(core, piece.id, plain));
      continue;
    }
    const references = piece.kind === "node" ? decodeNode(plain) : [];
    for (const reference of references) {
      if (reference.kind === "zeros") continue;
      if (brought.get(reference) === undefined) outside.push(reference);
      else await requireWithin(core, [reference], brought);
    }
    brought.set(piece, piece.kind === "node" ? lengthOfAll(references) : plain.length);
  }
  await requireChildren(core, outside);
  await requireWithin(core, outside, core.lengths);
  await Promise.all([storeChunks(core, pieces), storeSmalls(core, smalls)]);
  for (const piece of pieces) {
    const lengthBytes = brought.get(piece);
    if (lengthBytes !== undefined) core.lengths.set(piece, lengthBytes);
  }
}

/** The plain bytes of a received piece, not yet checked against its id. @throws HASH_MISMATCH */
function plainOf(piece: ReceivedPiece): Uint8Array {
  const chunk = toHex(piece.id);
  if (piece.stored.plainBytes > PLAIN_BYTES_MAX[piece.kind]) {
    throw new EfsError("HASH_MISMATCH", `a received ${piece.kind} is over its limit: ${chunk}`, {
      details: { chunk },
    });
  }
  try {
    return decodeChunk(piece.stored);
  } catch (thrown) {
    if (!(thrown instanceof EfsError)) throw thrown;
    throw new EfsError("HASH_MISMATCH", `a received ${piece.kind} cannot be decoded: ${thrown.message}`, {
      cause: thrown,
      details: { chunk },
    });
  }
}

/** What nodes name and the call does not bring must be here. @throws CHUNK_MISSING */
async function requireChildren(core: Core, references: readonly Reference[]): Promise<void> {
  const children = new Map<string, ContentPiece>();
  for (const reference of references) {
    if (reference.kind !== "zeros")
      children.set(toHex(reference.id), { kind: reference.kind, id: reference.id });
  }
  const pieces = [...children.values()];
  for (let start = 0; start < pieces.length; start += CLAIM_MAX) {
    const some = pieces.slice(start, start + CLAIM_MAX);
    const [first] = await missingPieces(core, some);
    const lacking = first === undefined ? undefined : some[first];
    if (lacking === undefined) continue;
    throw new EfsError(
      "CHUNK_MISSING",
      `a node came before what it names: ${lacking.kind} ${toHex(lacking.id)}`,
      { details: { chunk: toHex(lacking.id) } },
    );
  }
}

async function storeChunks(core: Core, pieces: readonly ReceivedPiece[]): Promise<void> {
  const puts = pieces
    .filter((piece) => piece.kind !== "small")
    .map(({ id, stored }) => ({
      key: id,
      codec: stored.codec,
      keyId: stored.keyId,
      plainBytes: stored.plainBytes,
      bytes: stored.bytes,
    }));
  if (puts.length > 0) await putPieces(core, puts);
}

async function storeSmalls(core: Core, smalls: readonly Write[]): Promise<void> {
  const commits: Array<Promise<unknown>> = [];
  for (let start = 0; start < smalls.length; start += SMALLS_OF_A_COMMIT) {
    commits.push(core.guard.commit({ writes: smalls.slice(start, start + SMALLS_OF_A_COMMIT) }));
  }
  await Promise.all(commits);
}
