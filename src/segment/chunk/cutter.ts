/**
 * Where content is cut into chunks and runs of zeros. FORMAT.md "Cutting" defines it; this file must keep it for ever.
 *
 * Invariant: the pieces of a stream depend on its bytes alone, never on how it came in windows. Whatever cannot be decided yet at
 * the end of a window stays over for the next one.
 */
import {
  CHUNK_BYTES_AVERAGE,
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  ZERO_RUN_BYTES_MIN,
} from "../../model/limits.ts";
import type { Chunking } from "../../model/namespace.ts";
import { type Gear, threadGear } from "./gear.ts";

/** The hash holds the last 64 bytes, so a cut depends on no more. */
const HASH_BYTES = 64;

export interface CutWindow {
  /** Begins where the window before left off. */
  readonly bytes: Uint8Array;
  readonly chunking: Chunking;
  /** True when the stream ends with this window. */
  readonly isLast: boolean;
  /** Zeros just before the window that belong to a run already long enough, not yet given out. */
  readonly openZerosBytes: number;
}

/** A chunk at an offset of the window, or zeros. */
export type CutPiece =
  | { readonly kind: "chunk"; readonly offset: number; readonly lengthBytes: number }
  | { readonly kind: "zeros"; readonly lengthBytes: number };

export interface CutOutcome {
  readonly pieces: readonly CutPiece[];
  /** Bytes from here on are undecided: the next window begins with them. The window's length when it is the last. */
  readonly undecidedOffset: number;
  readonly openZerosBytes: number;
}

/** The most bytes that a window can leave undecided. */
export function undecidedBytesMax(chunking: Chunking): number {
  return chunking.kind === "fixed" ? chunking.chunkBytes : CHUNK_BYTES_MAX + ZERO_RUN_BYTES_MIN;
}

export function cutWindow(window: CutWindow): CutOutcome {
  const gear = threadGear();
  gear.load(window.bytes);
  return window.chunking.kind === "fixed"
    ? cutFixed(gear, window, window.chunking.chunkBytes)
    : cutByContent(gear, window);
}

function cutByContent(gear: Gear, window: CutWindow): CutOutcome {
  const { isLast } = window;
  const endOffset = window.bytes.length;
  const pieces: CutPiece[] = [];
  let { openZerosBytes } = window;
  let at = 0;
  if (openZerosBytes > 0) {
    at = gear.zerosEnd(0, endOffset);
    openZerosBytes += at;
  }
  for (;;) {
    if (openZerosBytes > 0) {
      // A run that reaches the window's end may go on in the next one.
      if (at === endOffset && !isLast) return { pieces, undecidedOffset: at, openZerosBytes };
      pieces.push({ kind: "zeros", lengthBytes: openZerosBytes });
      openZerosBytes = 0;
    }
    const run = findZeroRun(gear, at, endOffset);
    const stretchEnd = run?.startOffset ?? endOffset;
    // Without a run in sight a cut is certain only where none can begin before it and still grow long enough.
    const certainEnd = run !== undefined || isLast ? stretchEnd : endOffset - ZERO_RUN_BYTES_MIN;
    while (at < stretchEnd) {
      const cut = nextCut(gear, at, stretchEnd);
      if (cut > certainEnd) return { pieces, undecidedOffset: at, openZerosBytes };
      pieces.push({ kind: "chunk", offset: at, lengthBytes: cut - at });
      at = cut;
    }
    if (run === undefined) return { pieces, undecidedOffset: at, openZerosBytes };
    openZerosBytes = run.endOffset - run.startOffset;
    at = run.endOffset;
  }
}

/** Where the chunk that begins at `at` ends when only what lies before `end` is looked at. */
function nextCut(gear: Gear, at: number, end: number): number {
  const lengthBytes = end - at;
  if (lengthBytes <= CHUNK_BYTES_MIN) return end;
  return gear.cut({
    at: at + CHUNK_BYTES_MIN - HASH_BYTES,
    check: at + CHUNK_BYTES_MIN - 1,
    loose: Math.min(end, at + CHUNK_BYTES_AVERAGE - 1),
    end: Math.min(end, at + CHUNK_BYTES_MAX),
  });
}

/** The first run of at least ZERO_RUN_BYTES_MIN zeros from `at` on, as long as it is before `end`. */
function findZeroRun(
  gear: Gear,
  at: number,
  end: number,
): { readonly startOffset: number; readonly endOffset: number } | undefined {
  // Every such run covers one of these places.
  let probe = at + ZERO_RUN_BYTES_MIN - 1;
  let floor = at;
  while (probe < end) {
    if (gear.byteAt(probe) === 0) {
      const startOffset = gear.zerosStart(probe, floor);
      const endOffset = gear.zerosEnd(probe, end);
      if (endOffset - startOffset >= ZERO_RUN_BYTES_MIN) return { startOffset, endOffset };
      floor = endOffset;
    } else {
      floor = probe + 1;
    }
    probe = floor + ZERO_RUN_BYTES_MIN - 1;
  }
  return undefined;
}

function cutFixed(gear: Gear, window: CutWindow, chunkBytes: number): CutOutcome {
  const endOffset = window.bytes.length;
  const pieces: CutPiece[] = [];
  let { openZerosBytes } = window;
  let at = 0;
  while (at < endOffset) {
    const next = Math.min(at + chunkBytes, endOffset);
    if (next - at < chunkBytes && !window.isLast) break;
    if (gear.zerosEnd(at, next) === next) {
      openZerosBytes += next - at;
    } else {
      if (openZerosBytes > 0) pieces.push({ kind: "zeros", lengthBytes: openZerosBytes });
      openZerosBytes = 0;
      pieces.push({ kind: "chunk", offset: at, lengthBytes: next - at });
    }
    at = next;
  }
  if (window.isLast && openZerosBytes > 0) {
    pieces.push({ kind: "zeros", lengthBytes: openZerosBytes });
    openZerosBytes = 0;
  }
  return { pieces, undecidedOffset: at, openZerosBytes };
}
