/** What a piece that came is, as the store takes it: as it stands, or put together from a difference and its base here. */
import { concat } from "../../../base/bytes.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import type { ContentRoot } from "../../../model/reference.ts";
import type { Contents, ReceivedPiece } from "../../../segment/replication.ts";
import { applyDelta } from "../wire/delta.ts";
import type { Piece } from "../wire/pieces.ts";
import { storedOf } from "./stored-form.ts";

/** Content that the sender cannot give. */
export class AbsentError extends EfsError {
  constructor() {
    super("CHUNK_MISSING", "the sender cannot read a part of the content");
  }
}

/**
 * undefined when the base of a difference cannot be read here: the piece has to be wanted whole. Nothing is checked against
 * an id. @throws AbsentError, PROTOCOL
 */
export async function materialise(
  contents: Contents,
  piece: Piece,
  base: ContentRoot,
): Promise<ReceivedPiece["stored"] | undefined> {
  if (piece.form === "absent") throw new AbsentError();
  if (piece.form === "stored") {
    return { codec: piece.codec, keyId: 0, plainBytes: piece.plainBytes, bytes: piece.bytes };
  }
  const bytes = await baseBytes(contents, piece, base);
  return bytes === undefined ? undefined : storedOf(applyDelta(bytes, piece.delta));
}

type Difference = Extract<Piece, { readonly form: "range" | "nodes" }>;

async function baseBytes(
  contents: Contents,
  piece: Difference,
  base: ContentRoot,
): Promise<Uint8Array | undefined> {
  try {
    if (piece.form === "range") return await contents.readRange(base, piece.startByte, piece.lengthBytes);
    const parts: Uint8Array[] = [];
    for (const id of piece.ids) parts.push(await contents.readPlain({ kind: "node", id }));
    return concat(parts);
  } catch (thrown) {
    const error = toEfsError(thrown);
    if (error.kind === "corrupt" || error.code === "BAD_VALUE") return undefined;
    throw error;
  }
}
