/** A file's modification time and mode as user metadata of its object: `efs-mtime` (seconds with nine decimals), `efs-mode` (octal). */
import type { BigIntStats } from "node:fs";

export const MTIME_KEY = "efs-mtime";
export const MODE_KEY = "efs-mode";

type Metadata = Readonly<Record<string, string>>;

export interface FileFacts {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Permission bits only. */
  readonly mode: number;
}

export function factsOf(stats: BigIntStats): FileFacts {
  return { sizeBytes: Number(stats.size), mtimeNs: stats.mtimeNs, mode: Number(stats.mode) & 0o777 };
}

const NS_PER_SECOND = 1_000_000_000n;

export function metadataOf(facts: FileFacts): Record<string, string> {
  const floor = ((facts.mtimeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = (facts.mtimeNs - floor) / NS_PER_SECOND;
  return {
    [MTIME_KEY]: `${seconds}.${String(floor).padStart(9, "0")}`,
    [MODE_KEY]: `0${facts.mode.toString(8).padStart(3, "0")}`,
  };
}

/** undefined: not there, or not a time. */
export function mtimeNsOf(metadata: Metadata): bigint | undefined {
  const match = /^(-?\d{1,12})\.(\d{9})$/.exec(metadata[MTIME_KEY] ?? "");
  if (match === null) return undefined;
  return BigInt(match[1] ?? 0) * NS_PER_SECOND + BigInt(match[2] ?? 0);
}

/** undefined: not there, or not a mode. Only permission bits are ever taken over: no set-uid from afar. */
export function modeOf(metadata: Metadata): number | undefined {
  const text = metadata[MODE_KEY] ?? "";
  return /^[0-7]{1,6}$/.test(text) ? Number.parseInt(text, 8) & 0o777 : undefined;
}

/** Node sets times through a double, which keeps microseconds; times that near are the same. */
const SAME_NS = 2000n;

export function isSameMtime(facts: FileFacts, metadata: Metadata): boolean {
  const stored = mtimeNsOf(metadata);
  if (stored === undefined) return false;
  const apart = facts.mtimeNs - stored;
  return apart <= SAME_NS && apart >= -SAME_NS;
}

export function isSameMode(facts: FileFacts, metadata: Metadata): boolean {
  return modeOf(metadata) === facts.mode;
}
