/** The XML document `ObjectLockConfiguration`: what new versions of a bucket get that name no retention. */
import { RETENTION_DAYS_MAX } from "../../model/limits.ts";
import type { BucketLock } from "../../model/namespace.ts";
import { S3Error } from "./errors.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const DAYS_PER_YEAR = 365;
const YEARS_MAX = 100;
const MODES = { GOVERNANCE: "governance", COMPLIANCE: "compliance" } as const;

/** @throws MalformedXML, InvalidArgument */
export function bucketLockOf(document: XmlElement): BucketLock {
  document.allow("ObjectLockEnabled", "Rule");
  const enabled = document.textOf("ObjectLockEnabled");
  if (enabled !== undefined && enabled !== "Enabled") throw new S3Error("MalformedXML");
  const rule = document.one("Rule");
  if (rule === undefined) return { default: undefined };
  const retention = rule
    .allow("DefaultRetention")
    .required("DefaultRetention")
    .allow("Mode", "Days", "Years");
  const mode = retention.requiredText("Mode");
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw new S3Error("MalformedXML");
  const [days, years] = [retention.textOf("Days"), retention.textOf("Years")];
  if ((days === undefined) === (years === undefined)) {
    throw new S3Error("MalformedXML", "DefaultRetention has either Days or Years");
  }
  return {
    default: {
      mode: MODES[mode],
      days:
        days === undefined
          ? periodOf(years ?? "", YEARS_MAX) * DAYS_PER_YEAR
          : periodOf(days, RETENTION_DAYS_MAX),
    },
  };
}

/** Years are shown as the days that they were taken for. */
export function lockContent(lock: BucketLock): XmlChildren {
  const retention = lock.default;
  return {
    ObjectLockEnabled: "Enabled",
    Rule:
      retention === undefined
        ? undefined
        : { DefaultRetention: { Mode: retention.mode.toUpperCase(), Days: retention.days } },
  };
}

function periodOf(text: string, max: number): number {
  const period = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
  if (period >= 1 && period <= max) return period;
  const message =
    period > max
      ? "Default retention period too large"
      : "Default retention period must be a positive integer value";
  throw new S3Error("InvalidArgument", message);
}
