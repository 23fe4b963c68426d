/**
 * What a program can ask of a segment's admin API, typed. `connect` in client.ts makes one. Every method throws EfsError with the
 * server's code, or CONNECT_REFUSED, CONNECT_LOST, TIMEOUT of the client itself. Paths are text (`cluster/tenant/bucket`).
 */
import type { EfsError } from "../base/errors.ts";
import type { BucketInfo, ContainerInfo, CreateBucket, CreateContainer, UpdateBucket } from "./namespace.ts";
import type {
  CopyObject,
  CopyObjects,
  GetObjectOptions,
  ObjectBody,
  ObjectInfo,
  ObjectPage,
  ObjectQuery,
  PutObjectOptions,
} from "./object.ts";
import type { AddService, ConfigureService, CreateService, ServiceInfo, ServiceStatus } from "./service.ts";
import type { NewToken, SystemStatus, TokenInfo } from "./system.ts";
import type { CreateUser, GivenKey, UserInfo, UserWithSecret } from "./user.ts";
import type { Page, PageQuery } from "./wire.ts";

/** Of one copy of many: the length of its content, or why it failed. */
export type CopyResult = { readonly sizeBytes: number } | { readonly error: EfsError };

export interface AdminClient {
  systemStatus(): Promise<SystemStatus>;
  createToken(name: string): Promise<NewToken>;
  listTokens(): Promise<readonly TokenInfo[]>;
  revokeToken(name: string): Promise<void>;

  createCluster(request: CreateContainer): Promise<ContainerInfo>;
  listClusters(query?: PageQuery): Promise<Page<ContainerInfo>>;
  showCluster(cluster: string): Promise<ContainerInfo>;
  deleteCluster(cluster: string): Promise<void>;

  createTenant(cluster: string, request: CreateContainer): Promise<ContainerInfo>;
  listTenants(cluster: string, query?: PageQuery): Promise<Page<ContainerInfo>>;
  showTenant(tenantPath: string): Promise<ContainerInfo>;
  deleteTenant(tenantPath: string): Promise<void>;

  createUser(tenantPath: string, request: CreateUser): Promise<UserWithSecret>;
  listUsers(tenantPath: string, query?: PageQuery): Promise<Page<UserInfo>>;
  showUser(tenantPath: string, user: string): Promise<UserInfo>;
  deleteUser(tenantPath: string, user: string): Promise<void>;
  /** A further key; the one before stays valid until the next rotation or `finishRotation`. */
  rotateKey(tenantPath: string, user: string, key?: GivenKey): Promise<UserWithSecret>;
  finishRotation(tenantPath: string, user: string): Promise<UserInfo>;
  enableUser(tenantPath: string, user: string): Promise<UserInfo>;
  disableUser(tenantPath: string, user: string): Promise<UserInfo>;
  setPassword(tenantPath: string, user: string, password: string): Promise<UserInfo>;

  createBucket(tenantPath: string, request: CreateBucket): Promise<BucketInfo>;
  listBuckets(tenantPath: string, query?: PageQuery): Promise<Page<BucketInfo>>;
  showBucket(bucketPath: string): Promise<BucketInfo>;
  /** Changes options; what is not given stays. */
  updateBucket(bucketPath: string, request: UpdateBucket): Promise<BucketInfo>;
  deleteBucket(bucketPath: string): Promise<void>;

  putObject(
    bucketPath: string,
    name: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options?: PutObjectOptions,
  ): Promise<ObjectInfo>;
  getObject(bucketPath: string, name: string, options?: GetObjectOptions): Promise<ObjectBody>;
  showObject(bucketPath: string, name: string, versionId?: string): Promise<ObjectInfo>;
  /** Without a version: writes a delete version. With one: removes that version for good; answers what was removed. */
  deleteObject(bucketPath: string, name: string, versionId?: string): Promise<ObjectInfo>;
  copyObject(request: CopyObject): Promise<ObjectInfo>;
  /** At most 1,000 copies from one bucket, in one request where they fit. */
  copyObjects(bucketPath: string, request: CopyObjects): Promise<readonly CopyResult[]>;
  listObjects(bucketPath: string, query?: ObjectQuery): Promise<ObjectPage>;
  /** By name, latest version first; `isLatest` tells. */
  listVersions(bucketPath: string, query?: Omit<ObjectQuery, "delimiter">): Promise<Page<ObjectInfo>>;
  /** For each name (at most 1,000) its latest version, null when it is not there. */
  showObjects(bucketPath: string, names: readonly string[]): Promise<ReadonlyArray<ObjectInfo | null>>;

  createService(request: CreateService): Promise<ServiceInfo>;
  addService(request: AddService): Promise<ServiceInfo>;
  listServices(): Promise<readonly ServiceInfo[]>;
  showService(name: string): Promise<ServiceInfo>;
  serviceStatus(name: string): Promise<ServiceStatus>;
  configureService(name: string, request: ConfigureService): Promise<ServiceInfo>;
  serve(name: string, path: string): Promise<ServiceInfo>;
  unserve(name: string, path: string): Promise<ServiceInfo>;
  enableService(name: string): Promise<ServiceInfo>;
  disableService(name: string): Promise<ServiceInfo>;
  deleteService(name: string): Promise<void>;

  close(): Promise<void>;
}

export interface ConnectOptions {
  /** `unix:PATH`, `http://host:port` or `https://host:port`. */
  readonly endpoint: string;
  /** Bearer token; needed for http and https. */
  readonly token?: string | undefined;
  /** How long a small call may take; 10 s when undefined. Bodies time out when they stall for as long. */
  readonly timeoutMs?: number | undefined;
}
