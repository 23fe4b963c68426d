/** The last piece of a run: where its other pieces lie and what it holds. Layout: DESIGN.md, Bytes. */
import { PIECE_HEADER_BYTES, type PieceSeal } from "./run-block.ts";

const MAGIC = 0x45495231;
const PAYLOAD_BYTES = 40;
export const FOOTER_BYTES = PIECE_HEADER_BYTES + PAYLOAD_BYTES;

export interface RunFooter {
  readonly number: number;
  /** Where the blocks end and the piece with their index begins. */
  readonly indexOffset: number;
  readonly indexBytes: number;
  /** Of the piece behind the index, before the footer. */
  readonly filterBytes: number;
  readonly changeCount: number;
  /** How many of the changes remove a key. */
  readonly removedCount: number;
}

/** The piece, sealed for its place. */
export function encodeFooter(footer: RunFooter, seal: PieceSeal): Uint8Array {
  const piece = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(piece.buffer, PIECE_HEADER_BYTES);
  view.setUint32(0, MAGIC);
  view.setUint32(4, footer.number);
  view.setBigUint64(8, BigInt(footer.indexOffset));
  view.setUint32(16, footer.indexBytes);
  view.setUint32(20, footer.filterBytes);
  view.setBigUint64(24, BigInt(footer.changeCount));
  view.setBigUint64(32, BigInt(footer.removedCount));
  seal.seal(piece, footer.indexOffset + footer.indexBytes + footer.filterBytes);
  return piece;
}

/** undefined when the payload is not the footer of run `number` in a file of this size. */
export function decodeFooter(
  payload: Uint8Array | undefined,
  number: number,
  sizeBytes: number,
): RunFooter | undefined {
  if (payload?.length !== PAYLOAD_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, PAYLOAD_BYTES);
  const footer: RunFooter = {
    number: view.getUint32(4),
    indexOffset: Number(view.getBigUint64(8)),
    indexBytes: view.getUint32(16),
    filterBytes: view.getUint32(20),
    changeCount: Number(view.getBigUint64(24)),
    removedCount: Number(view.getBigUint64(32)),
  };
  const { indexOffset, indexBytes, filterBytes } = footer;
  const isWhole = indexOffset + indexBytes + filterBytes + FOOTER_BYTES === sizeBytes;
  return view.getUint32(0) === MAGIC && footer.number === number && isWhole ? footer : undefined;
}
