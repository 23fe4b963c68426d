/** Clusters, tenants and buckets: making, listing, showing, deleting. */

import type { BucketName, BucketPath, ClusterName, TenantName, TenantPath } from "../model/names.ts";
import type { BucketOptions, BucketRecord, ContainerRecord, Encryption } from "../model/namespace.ts";

export interface ListOptions {
  readonly prefix?: string | undefined;
  /** Names above this one (not included). */
  readonly after?: string | undefined;
  /** At most this many; LIST_LIMIT_DEFAULT when undefined. */
  readonly limit?: number | undefined;
}

export interface Listing<Item> {
  readonly items: readonly Item[];
  /** The name to go on after; undefined at the end. */
  readonly next: string | undefined;
}

export interface ContainerSummary<Name> extends ContainerRecord {
  readonly name: Name;
}

export interface BucketSummary extends BucketRecord {
  readonly name: BucketName;
  /** Objects whose latest version is not a delete. */
  readonly objectCount: number;
  /** Bytes of their latest versions. */
  readonly sizeBytes: number;
}

/** What a gateway keeps about a bucket in its own words. They do not cross a link. */
export const BUCKET_CONFIG_KINDS = [
  "policy",
  "cors",
  "lifecycle",
  "tagging",
  "acl",
  "public-access-block",
  "ownership",
  "notification",
  "website",
  "encryption",
] as const;
export type BucketConfigKind = (typeof BUCKET_CONFIG_KINDS)[number];

export interface Namespace {
  /** @throws CLUSTER_EXISTS */
  createCluster(name: ClusterName, custom?: Readonly<Record<string, string>>): Promise<void>;
  /** @throws CLUSTER_NOT_FOUND, NOT_EMPTY (it has tenants) */
  deleteCluster(name: ClusterName): Promise<void>;
  /** @throws CLUSTER_NOT_FOUND */
  showCluster(name: ClusterName): Promise<ContainerSummary<ClusterName>>;
  listClusters(options?: ListOptions): Promise<Listing<ContainerSummary<ClusterName>>>;

  /** @throws CLUSTER_NOT_FOUND, TENANT_EXISTS */
  createTenant(path: TenantPath, custom?: Readonly<Record<string, string>>): Promise<void>;
  /** @throws TENANT_NOT_FOUND, NOT_EMPTY (it has buckets or users), IN_USE (a service serves it) */
  deleteTenant(path: TenantPath): Promise<void>;
  /** @throws TENANT_NOT_FOUND */
  showTenant(path: TenantPath): Promise<ContainerSummary<TenantName>>;
  /** @throws CLUSTER_NOT_FOUND */
  listTenants(cluster: ClusterName, options?: ListOptions): Promise<Listing<ContainerSummary<TenantName>>>;

  /** @throws TENANT_NOT_FOUND, BUCKET_EXISTS, BAD_VALUE (options) */
  createBucket(path: BucketPath, options?: Partial<BucketOptions>): Promise<void>;
  /** @throws BUCKET_NOT_FOUND, NOT_EMPTY (it has objects), IN_USE (a service serves it) */
  deleteBucket(path: BucketPath): Promise<void>;
  /**
   * Changes options of a bucket; chunking stays. Encryption changes only while the bucket is empty and no link serves it.
   * @throws BUCKET_NOT_FOUND, NOT_EMPTY, IN_USE and UNAVAILABLE (encryption), BAD_VALUE, CONFLICT (versioning back to off, a lock without versioning, suspending or unlocking a locked bucket)
   */
  updateBucket(path: BucketPath, change: Partial<Omit<BucketOptions, "chunking">>): Promise<BucketRecord>;
  /** Whether what is written into the bucket is encrypted at rest; fast: kept in memory. @throws BUCKET_NOT_FOUND */
  encryptionOf(path: BucketPath): Promise<Encryption>;
  /** One configuration of a bucket, opaque text of at most 64 KiB; fast: kept in memory. @throws BUCKET_NOT_FOUND */
  getConfig(path: BucketPath, kind: BucketConfigKind): Promise<string | undefined>;
  /** undefined removes it. Durable when resolved. @throws BUCKET_NOT_FOUND, LIMIT */
  putConfig(path: BucketPath, kind: BucketConfigKind, text: string | undefined): Promise<void>;
  /** @throws BUCKET_NOT_FOUND */
  showBucket(path: BucketPath): Promise<BucketSummary>;
  /** @throws TENANT_NOT_FOUND */
  listBuckets(path: TenantPath, options?: ListOptions): Promise<Listing<BucketSummary>>;
  /** Makes what is missing of cluster, tenant and bucket; an existing bucket keeps its options. */
  ensureBucket(path: BucketPath, options: Partial<BucketOptions>): Promise<BucketRecord>;
}
