/**
 * Which bytes of an object a read asks for: `Range` with one range (several, or another unit: the whole object, as AWS answers), or `partNumber`.
 */
import type { Version } from "../../model/version.ts";
import { PART_NUMBER_MAX } from "../../segment/uploads.ts";
import type { S3Request } from "./action.ts";
import { S3Error } from "./errors.ts";

export type RangeAsked =
  | {
      readonly kind: "from";
      readonly startByte: number /** Last byte. */;
      readonly lastByte: number | undefined;
    }
  | { readonly kind: "suffix"; readonly sizeBytes: number }
  | { readonly kind: "part"; readonly number: number };

export interface ByteRange {
  readonly startByte: number;
  /** Not included. */
  readonly endByte: number;
}

/** undefined: the whole object. @throws InvalidRequest (both), InvalidArgument (part number) */
export function rangeAsked(request: Pick<S3Request, "headers" | "query">): RangeAsked | undefined {
  const partNumber = request.query.get("partNumber");
  const range = request.headers.get("range");
  if (partNumber === undefined) return range === undefined ? undefined : parseRange(range);
  if (range !== undefined) {
    throw new S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  }
  const number = /^\d{1,5}$/.test(partNumber) ? Number(partNumber) : 0;
  if (number < 1 || number > PART_NUMBER_MAX) {
    throw new S3Error(
      "InvalidArgument",
      `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
      { elements: { ArgumentName: "partNumber", ArgumentValue: partNumber } },
    );
  }
  return { kind: "part", number };
}

/** undefined: a range that a recipient has to ignore. */
export function parseRange(text: string): RangeAsked | undefined {
  const match = /^bytes=\s*(?:(\d{1,16})-(\d{0,16})|-(\d{1,16}))\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) return { kind: "suffix", sizeBytes: Number(suffix) };
  const startByte = Number(first);
  const lastByte = last === undefined || last === "" ? undefined : Number(last);
  if (lastByte !== undefined && lastByte < startByte) return undefined;
  return { kind: "from", startByte, lastByte };
}

/** The bytes within this version. @throws InvalidRange, InvalidPartNumber */
export function rangeWithin(asked: RangeAsked, version: Pick<Version, "sizeBytes" | "digest">): ByteRange {
  const { sizeBytes } = version;
  if (asked.kind === "part") return partRange(asked.number, version);
  if (asked.kind === "suffix") {
    if (asked.sizeBytes === 0 || sizeBytes === 0) throw notWithin(`bytes=-${asked.sizeBytes}`, sizeBytes);
    return { startByte: Math.max(0, sizeBytes - asked.sizeBytes), endByte: sizeBytes };
  }
  if (asked.startByte >= sizeBytes) {
    throw notWithin(`bytes=${asked.startByte}-${asked.lastByte ?? ""}`, sizeBytes);
  }
  return { startByte: asked.startByte, endByte: Math.min((asked.lastByte ?? sizeBytes - 1) + 1, sizeBytes) };
}

/** Headers of an answer with a part of the object; `Content-Length` goes with the body. */
export function contentRange(range: ByteRange, sizeBytes: number): string | undefined {
  // No range of an empty object can be said; its first part is all of it.
  return sizeBytes === 0 ? undefined : `bytes ${range.startByte}-${range.endByte - 1}/${sizeBytes}`;
}

function partRange(number: number, { sizeBytes, digest }: Pick<Version, "sizeBytes" | "digest">): ByteRange {
  const parts = digest?.parts ?? [];
  if (number > Math.max(1, parts.length)) throw new S3Error("InvalidPartNumber");
  if (parts.length === 0) return { startByte: 0, endByte: sizeBytes };
  let startByte = 0;
  for (const part of parts.slice(0, number - 1)) startByte += part.sizeBytes;
  return { startByte, endByte: startByte + (parts[number - 1]?.sizeBytes ?? 0) };
}

function notWithin(asked: string, sizeBytes: number): S3Error {
  return new S3Error("InvalidRange", undefined, {
    elements: { RangeRequested: asked, ActualObjectSize: String(sizeBytes) },
    headers: { "Content-Range": `bytes */${sizeBytes}` },
  });
}
