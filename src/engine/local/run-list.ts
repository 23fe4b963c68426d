/**
 * The file `index/runs`: which runs are the index, and up to which frame of the journal it is complete. Replaced as a
 * whole: it is the old one or the new one, whatever happens. Layout: DESIGN.md, Bytes.
 */
import { crc32c } from "../../base/crc.ts";

const MAGIC = 0x45494c31;
const HEADER_BYTES = 28;
const CRC_END = 8;
const RUN_BYTES = 4;
/** Far above what merging leaves. */
const RUNS_MAX = 1_000_000;
export const RUN_LIST_BYTES_MAX = HEADER_BYTES + RUNS_MAX * RUN_BYTES;

export interface RunList {
  /** The last frame of the journal that the runs hold; 0n for a new index. */
  readonly applied: bigint;
  /** Numbers of the runs, oldest first. */
  readonly numbers: readonly number[];
}

export function encodeRunList({ applied, numbers }: RunList, salt: bigint): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + numbers.length * RUN_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setBigUint64(8, salt);
  view.setBigUint64(16, applied);
  view.setUint32(24, numbers.length);
  for (const [index, number] of numbers.entries()) view.setUint32(HEADER_BYTES + index * RUN_BYTES, number);
  view.setUint32(4, crc32c(bytes.subarray(CRC_END)));
  return bytes;
}

/** undefined when these are not the whole bytes of a list of this directory. */
export function decodeRunList(bytes: Uint8Array, salt: bigint): RunList | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isWhole =
    view.getUint32(0) === MAGIC &&
    view.getUint32(4) === crc32c(bytes.subarray(CRC_END)) &&
    view.getBigUint64(8) === salt &&
    bytes.length === HEADER_BYTES + view.getUint32(24) * RUN_BYTES;
  if (!isWhole) return undefined;
  const count = view.getUint32(24);
  const numbers = Array.from({ length: count }, (_, index) =>
    view.getUint32(HEADER_BYTES + index * RUN_BYTES),
  );
  return { applied: view.getBigUint64(16), numbers };
}
