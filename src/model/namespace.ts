/** What is kept of clusters, tenants and buckets besides their names. Bytes: namespace-record.ts. */
import type { LogId } from "./ids.ts";

export type Chunking =
  | { readonly kind: "content" }
  | { readonly kind: "fixed" /** A power of two. */; readonly chunkBytes: number };

export interface BucketOptions {
  readonly chunking: Chunking;
  /** How many versions of an object are kept, conflict losers not counted; 1 to 1,000. */
  readonly versionsKept: number;
  /** Free keys of the admin, `X-…` in EdgeFS. */
  readonly custom: Readonly<Record<string, string>>;
}

export const DEFAULT_BUCKET_OPTIONS: BucketOptions = {
  chunking: { kind: "content" },
  versionsKept: 1,
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
