/** Clusters, tenants and buckets as the admin API shows them. */

export interface ContainerInfo {
  readonly name: string;
  readonly created: string;
  readonly custom: Readonly<Record<string, string>>;
}

export type VersioningWord = "off" | "enabled" | "suspended";

export type EncryptionWord = "none" | "aes256";

export interface ObjectLock {
  /** What new versions get that name no retention; null: none. */
  readonly retention: { readonly mode: "governance" | "compliance"; readonly days: number } | null;
}

export interface BucketInfo extends ContainerInfo {
  readonly objectCount: number;
  readonly sizeBytes: number;
  readonly chunking: "content" | "fixed";
  /** Bytes of a chunk when chunking is fixed, else null. */
  readonly chunkBytes: number | null;
  /** Of versions that were written while versioning was not enabled. */
  readonly versionsKept: number;
  readonly versioning: VersioningWord;
  /** null: no object lock. */
  readonly objectLock: ObjectLock | null;
  /** How contents and records of the bucket rest. */
  readonly encryption: EncryptionWord;
  /** null: no quota. */
  readonly quotaBytes: number | null;
  readonly quotaObjects: number | null;
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
  readonly versioning?: VersioningWord | undefined;
  readonly objectLock?: ObjectLock | undefined;
  readonly encryption?: EncryptionWord | undefined;
  readonly quotaBytes?: number | undefined;
  readonly quotaObjects?: number | undefined;
}

/** What is not given stays; null takes a quota away. */
export interface UpdateBucket {
  readonly versionsKept?: number | undefined;
  readonly versioning?: VersioningWord | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** Changes only while the bucket is empty and no link serves it. */
  readonly encryption?: EncryptionWord | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly quotaObjects?: number | null | undefined;
  /** All custom keys, in place of those that there are. */
  readonly custom?: Readonly<Record<string, string>> | undefined;
}
