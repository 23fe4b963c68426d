/** Identities of fixed size: what they are made of, and their text forms. */
import { fromHex, toHex } from "../base/bytes.ts";
import { EfsError } from "../base/errors.ts";

declare const idBrand: unique symbol;
type BrandedBytes<Name extends string> = Uint8Array & { readonly [idBrand]: Name };
type BrandedText<Name extends string> = string & { readonly [idBrand]: Name };

/** 32 bytes: the BLAKE3-256 of plain bytes, or the keyed BLAKE3-256 of an encoded tree node. See hash.ts. */
export type ContentId = BrandedBytes<"content">;
export const CONTENT_ID_BYTES = 32;

/** 16 random bytes that name one installation, as 32 upper-case hex digits; kept for ever in its data. */
export type SystemGuid = BrandedText<"system-guid">;
/** The first 8 bytes of the System GUID, as 16 upper-case hex digits. */
export type SegmentId = BrandedText<"segment">;
/** 8 random bytes, new at each start of a daemon, as 16 upper-case hex digits. */
export type WriterId = BrandedText<"writer">;
/** 8 random bytes that name one bucket's transaction log from its making to its deletion, as 16 upper-case hex digits. */
export type LogId = BrandedText<"log">;

export function contentIdOf(bytes: Uint8Array): ContentId {
  if (bytes.length !== CONTENT_ID_BYTES) {
    throw new EfsError("RECORD_CORRUPT", `a content id has ${CONTENT_ID_BYTES} bytes, not ${bytes.length}`);
  }
  return bytes as ContentId;
}

export const parseSystemGuid = (text: string) => parseHexId(text, 16, "system GUID") as SystemGuid;
export const parseSegmentId = (text: string) => parseHexId(text, 8, "segment id") as SegmentId;
export const parseWriterId = (text: string) => parseHexId(text, 8, "writer id") as WriterId;
export const parseLogId = (text: string) => parseHexId(text, 8, "log id") as LogId;

export const systemGuidOf = (bytes: Uint8Array) => parseSystemGuid(toHex(bytes));
export const segmentIdOf = (bytes: Uint8Array) => parseSegmentId(toHex(bytes));
export const writerIdOf = (bytes: Uint8Array) => parseWriterId(toHex(bytes));
export const logIdOf = (bytes: Uint8Array) => parseLogId(toHex(bytes));

export function segmentOfGuid(guid: SystemGuid): SegmentId {
  return guid.slice(0, 16) as SegmentId;
}

/** The bytes of an id in text form. */
export function idBytes(id: SystemGuid | SegmentId | WriterId | LogId): Uint8Array {
  const bytes = fromHex(id);
  if (bytes === undefined) throw new EfsError("RECORD_CORRUPT", "an id is not hexadecimal");
  return bytes;
}

function parseHexId(text: string, sizeBytes: number, what: string): string {
  const bytes = fromHex(text);
  if (bytes === undefined || bytes.length !== sizeBytes) {
    throw new EfsError("BAD_VALUE", `not a ${what}: ${sizeBytes * 2} hexadecimal digits are expected`);
  }
  return text.toUpperCase();
}
