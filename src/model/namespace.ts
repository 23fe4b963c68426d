/** What is kept of clusters, tenants and buckets besides their names. Bytes: namespace-record.ts. */
import type { LogId } from "./ids.ts";

export type Chunking =
  | { readonly kind: "content" }
  | { readonly kind: "fixed" /** A power of two. */; readonly chunkBytes: number };

/** S3's words. `off` is also a bucket that was never asked. Once `enabled` it is never `off` again. */
export type Versioning = "off" | "enabled" | "suspended";

/** How contents and records rest. */
export type Encryption = "none" | "aes256";

/** Object lock of a bucket: given when it is made or later, never taken away; needs versioning enabled. */
export interface BucketLock {
  /** What new versions get that name no retention. */
  readonly default: { readonly mode: "governance" | "compliance"; readonly days: number } | undefined;
}

export interface BucketOptions {
  readonly chunking: Chunking;
  /**
   * How many versions of an object are kept that were written while versioning was not enabled, conflict losers not counted; 1 to
   * 1,000. Those written while it was enabled are kept until they are removed.
   */
  readonly versionsKept: number;
  readonly versioning: Versioning;
  readonly lock: BucketLock | undefined;
  /** Changes only while the bucket is empty. */
  readonly encryption: Encryption;
  /** Most bytes of latest versions; undefined: no limit. */
  readonly quotaBytes: number | undefined;
  readonly quotaObjects: number | undefined;
  /** Free keys of the admin, `X-…` in EdgeFS. */
  readonly custom: Readonly<Record<string, string>>;
}

export const DEFAULT_BUCKET_OPTIONS: BucketOptions = {
  chunking: { kind: "content" },
  versionsKept: 1,
  versioning: "off",
  lock: undefined,
  encryption: "none",
  quotaBytes: undefined,
  quotaObjects: undefined,
  custom: {},
};

export interface BucketRecord {
  readonly logId: LogId;
  readonly createdMs: number;
  readonly options: BucketOptions;
}

export interface ContainerRecord {
  readonly createdMs: number;
  readonly custom: Readonly<Record<string, string>>;
}
