/** Sizes and durations as text, both ways. Sizes: base 1024, one decimal, `.0` dropped: `0`, `693B`, `1.5K`. */
import { EfsError } from "./errors.ts";

const SIZE_SUFFIXES = ["B", "K", "M", "G", "T", "P", "E"] as const;

export function formatSize(sizeBytes: number): string {
  if (sizeBytes === 0) return "0";
  let value = sizeBytes;
  let step = 0;
  while (value >= 1024 && step < SIZE_SUFFIXES.length - 1) {
    value /= 1024;
    step += 1;
  }
  const rounded = Math.round(value * 10) / 10;
  if (rounded >= 1024 && step < SIZE_SUFFIXES.length - 1) return `1${SIZE_SUFFIXES[step + 1]}`;
  return `${rounded}${SIZE_SUFFIXES[step]}`;
}

/** `4096`, `16K`, `16KiB`, `1.5M`, `1g` to bytes. @throws BAD_VALUE for anything else. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([bkmgtp])(?:i?b)?)?$/i.exec(text.trim());
  const suffix = (match?.[2] ?? "b").toUpperCase();
  const step = (SIZE_SUFFIXES as readonly string[]).indexOf(suffix);
  const sizeBytes = match === null ? Number.NaN : Math.round(Number(match[1]) * 1024 ** step);
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new EfsError("BAD_VALUE", `not a size: ${JSON.stringify(text)}`, {
      hint: "write 4096, 16K, 1.5M or 2G",
    });
  }
  return sizeBytes;
}

/** Truncating: under a second `Nms`, then `Ns`, `Mm Ss`, `Hh Mm Ss`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.trunc(durationMs)}ms`;
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  return `${Math.trunc(minutes / 60)}h ${minutes % 60}m ${seconds % 60}s`;
}

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `50ms`, `1s`, `1.5m`, `2h`, `3d` to milliseconds. @throws BAD_VALUE for anything else. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const durationMs =
    match === null ? Number.NaN : Math.round(Number(match[1]) * (DURATION_MS[match[2] ?? ""] ?? Number.NaN));
  if (!Number.isSafeInteger(durationMs)) {
    throw new EfsError("BAD_VALUE", `not a duration: ${JSON.stringify(text)}`, {
      hint: "write 50ms, 1s, 5m or 2h",
    });
  }
  return durationMs;
}
