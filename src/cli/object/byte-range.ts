/** Byte ranges as HTTP writes them: both ends count, from 0. */
import { EfsError } from "../../base/errors.ts";

export interface Range {
  /** undefined: the range is the last `endByte` bytes. */
  readonly firstByte: number | undefined;
  /** Included; undefined: to the end. Of a range from the end: how many bytes. */
  readonly lastByte: number | undefined;
}

/** `0-99`, `100-`, `-100`. @throws BAD_VALUE */
export function parseRange(text: string): Range {
  const match = /^(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/.exec(text);
  const [first, last, tail] = [match?.[1], match?.[2], match?.[3]].map((part) =>
    part === undefined ? undefined : Number(part),
  );
  const isBackwards = first !== undefined && last !== undefined && last < first;
  if (match === null || isBackwards || tail === 0) {
    throw new EfsError("BAD_VALUE", `not a range of bytes: ${JSON.stringify(text)}`, {
      hint: "write 0-99 (the first 100), 100- or -100 (the last 100)",
    });
  }
  return tail === undefined ? { firstByte: first, lastByte: last } : { firstByte: undefined, lastByte: tail };
}

/** From, and up to but not including; undefined end: all the rest. */
export function resolveRange(
  range: Range,
  sizeBytes: number,
): { readonly startByte: number; readonly endByte?: number } {
  if (range.firstByte === undefined) return { startByte: Math.max(0, sizeBytes - (range.lastByte ?? 0)) };
  if (range.firstByte >= sizeBytes) {
    throw new EfsError(
      "BAD_VALUE",
      `the range begins at ${range.firstByte}, but the object has ${sizeBytes} bytes`,
    );
  }
  if (range.lastByte === undefined) return { startByte: range.firstByte };
  return { startByte: range.firstByte, endByte: Math.min(range.lastByte + 1, sizeBytes) };
}
