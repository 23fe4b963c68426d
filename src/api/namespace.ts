/** Clusters, tenants and buckets as the admin API shows them. */

export interface ContainerInfo {
  readonly name: string;
  readonly created: string;
  readonly custom: Readonly<Record<string, string>>;
}

export interface BucketInfo extends ContainerInfo {
  readonly objectCount: number;
  readonly sizeBytes: number;
  readonly chunking: "content" | "fixed";
  /** Bytes of a chunk when chunking is fixed, else null. */
  readonly chunkBytes: number | null;
  readonly versionsKept: number;
  readonly logId: string;
}

export interface CreateContainer {
  readonly name: string;
  readonly custom?: Readonly<Record<string, string>> | undefined;
}

export interface CreateBucket extends CreateContainer {
  /** Fixed chunking at this size; undefined: by content. */
  readonly chunkBytes?: number | undefined;
  readonly versionsKept?: number | undefined;
}
