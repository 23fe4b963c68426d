/** Flags of buckets that making and changing one share: how many versions, versioning, object lock, quotas. */
import type { Command } from "commander";
import type { ObjectLock, VersioningWord } from "../api/namespace.ts";
import { EfsError } from "../base/errors.ts";
import { parseSize } from "../base/units.ts";
import { RETENTION_DAYS_MAX, VERSIONS_KEPT_MAX } from "../model/limits.ts";
import { parseWhole } from "./flags.ts";

export interface BucketFlags {
  readonly numberOfVersions?: number;
  readonly versioning?: VersioningWord;
  /** true: without a default retention. */
  readonly objectLock?: ObjectLock | true;
  readonly quota?: number | "none";
  readonly quotaCount?: number | "none";
}

const COUNT_MAX = 1_000_000_000_000;

export function addBucketFlags(command: Command): void {
  command
    .option(
      "-n, --number-of-versions <count>",
      `keep this many versions of an object, 1 to ${VERSIONS_KEPT_MAX} (default: 1)`,
      parseWhole("the number of versions", 1, VERSIONS_KEPT_MAX),
    )
    .option("--versioning <state>", "enabled or suspended, as S3 has it (default: off)", parseVersioning)
    .option(
      "--object-lock [mode:days]",
      "versions can be locked; each new one is for so long, as in governance:30",
      parseLock,
    )
    .option("-q, --quota <size>", "at most this many bytes of latest versions, as in 500G", parseQuota)
    .option("--quota-count <count>", "at most this many objects", parseQuotaCount);
}

/** The fields of a request to the admin API. */
export function bucketFields({ numberOfVersions, versioning, objectLock, quota, quotaCount }: BucketFlags) {
  return {
    versionsKept: numberOfVersions,
    versioning,
    objectLock: objectLock === true ? { retention: null } : objectLock,
    quotaBytes: quota === "none" ? null : quota,
    quotaObjects: quotaCount === "none" ? null : quotaCount,
  };
}

export function lockText(lock: ObjectLock | null): string {
  if (lock === null) return "off";
  return lock.retention === null ? "on" : `${lock.retention.mode}:${lock.retention.days}`;
}

function parseVersioning(text: string): VersioningWord {
  if (text === "off" || text === "enabled" || text === "suspended") return text;
  throw new EfsError("BAD_VALUE", `versioning is enabled, suspended or off, not ${JSON.stringify(text)}`);
}

function parseLock(text: string): ObjectLock {
  const [, mode, days] = /^(governance|compliance):(\d{1,5})$/.exec(text) ?? [];
  const isMode = mode === "governance" || mode === "compliance";
  if (isMode && Number(days) >= 1 && Number(days) <= RETENTION_DAYS_MAX) {
    return { retention: { mode, days: Number(days) } };
  }
  throw new EfsError("BAD_VALUE", `not a default retention: ${JSON.stringify(text)}`, {
    hint: `write governance:DAYS or compliance:DAYS, 1 to ${RETENTION_DAYS_MAX} days`,
  });
}

function parseQuota(text: string): number | "none" {
  return text === "none" ? text : parseSize(text);
}

function parseQuotaCount(text: string): number | "none" {
  return text === "none" ? text : parseWhole("a count of objects", 0, COUNT_MAX)(text);
}
