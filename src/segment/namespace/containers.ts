/**
 * Clusters and tenants. Invariant: a child never stands without its parent. Making a child checks the parent's record and
 * rewrites the parent's fence; deleting a parent sees no child and checks that the fence has not changed since.
 */
import { EfsError } from "../../base/errors.ts";
import type { Check, RecordKey, Write } from "../../engine/meta-store.ts";
import {
  type ClusterName,
  formatTenantPath,
  parseClusterName,
  parseTenantName,
  type TenantName,
  type TenantPath,
} from "../../model/names.ts";
import { decodeContainerRecord, encodeContainerRecord } from "../../model/namespace-record.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import {
  bucketPrefix,
  CLUSTER_PREFIX,
  closingPrefix,
  clusterFenceKey,
  clusterKey,
  rangeOf,
  tenantFenceKey,
  tenantKey,
  tenantPrefix,
  userPrefix,
} from "../keys.ts";
import type { ContainerSummary, Listing, ListOptions } from "../namespace.ts";
import { checkCustom } from "./bucket-options.ts";
import { listNames } from "./listing.ts";
import { notServed } from "./served.ts";

const FENCE_BYTES = 8;

type Custom = Readonly<Record<string, string>> | undefined;

export async function createCluster(core: Core, name: ClusterName, custom: Custom): Promise<void> {
  await core.guard.admit(0);
  const key = clusterKey(name);
  const value = encodeContainerRecord({ createdMs: nowMs(core), custom: checkCustom(custom) });
  const outcome = await core.guard.commit({ checks: [absent(key)], writes: [{ key, value }] });
  if (!outcome.isCommitted) throw new EfsError("CLUSTER_EXISTS", `cluster ${name} is there already`);
}

export async function showCluster(core: Core, name: ClusterName): Promise<ContainerSummary<ClusterName>> {
  const value = await core.records.get(clusterKey(name));
  if (value === undefined) throw clusterNotFound(name);
  return { name, ...decodeContainerRecord(value) };
}

export function listClusters(
  core: Core,
  options?: ListOptions,
): Promise<Listing<ContainerSummary<ClusterName>>> {
  return listNames(core.records, CLUSTER_PREFIX, options, (name, { value }) => ({
    name: parseClusterName(name),
    ...decodeContainerRecord(value),
  }));
}

export async function deleteCluster(core: Core, name: ClusterName): Promise<void> {
  await deleteContainer(core, {
    what: `cluster ${name}`,
    key: clusterKey(name),
    fenceKey: clusterFenceKey(name),
    children: [{ word: "tenants", prefix: tenantPrefix(name) }],
    serviceChecks: async () => [],
    notFound: () => clusterNotFound(name),
  });
}

export async function createTenant(core: Core, path: TenantPath, custom: Custom): Promise<void> {
  await core.guard.admit(0);
  const key = tenantKey(path);
  const value = encodeContainerRecord({ createdMs: nowMs(core), custom: checkCustom(custom) });
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const parent = await core.records.get(clusterKey(path.cluster));
    if (parent === undefined) throw clusterNotFound(path.cluster);
    const outcome = await core.guard.commit({
      checks: [absent(key), { key: clusterKey(path.cluster), expected: parent }],
      writes: [{ key, value }, newFence(core, clusterFenceKey(path.cluster))],
    });
    if (outcome.isCommitted) return;
    if (outcome.failedCheck === 0) {
      throw new EfsError("TENANT_EXISTS", `tenant ${formatTenantPath(path)} is there already`);
    }
  }
  throw contended(`cluster ${path.cluster}`);
}

export async function showTenant(core: Core, path: TenantPath): Promise<ContainerSummary<TenantName>> {
  const value = await core.records.get(tenantKey(path));
  if (value === undefined) throw tenantNotFound(path);
  return { name: path.tenant, ...decodeContainerRecord(value) };
}

export async function listTenants(
  core: Core,
  cluster: ClusterName,
  options?: ListOptions,
): Promise<Listing<ContainerSummary<TenantName>>> {
  await showCluster(core, cluster);
  return listNames(core.records, tenantPrefix(cluster), options, (name, { value }) => ({
    name: parseTenantName(name),
    ...decodeContainerRecord(value),
  }));
}

export async function deleteTenant(core: Core, path: TenantPath): Promise<void> {
  await deleteContainer(core, {
    what: `tenant ${formatTenantPath(path)}`,
    key: tenantKey(path),
    fenceKey: tenantFenceKey(path),
    // In this order: a bucket whose deletion is undecided moves from the first to the second, and back with a new fence.
    children: [
      { word: "buckets", prefix: bucketPrefix(path) },
      { word: "buckets", prefix: closingPrefix(path) },
      { word: "users", prefix: userPrefix(path) },
    ],
    serviceChecks: async () => [await notServed(core, path)],
    notFound: () => tenantNotFound(path),
  });
}

export function clusterNotFound(name: ClusterName): EfsError {
  return new EfsError("CLUSTER_NOT_FOUND", `no cluster ${name}`, { hint: `efscli cluster create ${name}` });
}

export function tenantNotFound(path: TenantPath): EfsError {
  const text = formatTenantPath(path);
  return new EfsError("TENANT_NOT_FOUND", `no tenant ${text}`, { hint: `efscli tenant create ${text}` });
}

export function absent(key: RecordKey): Check {
  return { key, expected: undefined };
}

/** Tells a deletion under way that a child came. */
export function newFence(core: Core, key: RecordKey): Write {
  return { key, value: core.random.bytes(FENCE_BYTES) };
}

interface Deletion {
  readonly what: string;
  readonly key: RecordKey;
  readonly fenceKey: RecordKey;
  /** What children are called, and the prefix of their keys. */
  readonly children: ReadonlyArray<{ readonly word: string; readonly prefix: Uint8Array }>;
  readonly serviceChecks: () => Promise<readonly Check[]>;
  readonly notFound: () => EfsError;
}

async function deleteContainer(core: Core, deletion: Deletion): Promise<void> {
  const { key, fenceKey } = deletion;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const [record, fence] = await core.records.getMany([key, fenceKey]);
    if (record === undefined) throw deletion.notFound();
    const serviceChecks = await deletion.serviceChecks();
    for (const { word, prefix } of deletion.children) {
      const children = await core.records.scan({ ...rangeOf(prefix), limit: 1 });
      if (children.records.length === 0) continue;
      throw new EfsError("NOT_EMPTY", `${deletion.what} has ${word}`, {
        hint: `delete its ${word} first`,
      });
    }
    const outcome = await core.guard.commit({
      checks: [{ key, expected: record }, { key: fenceKey, expected: fence }, ...serviceChecks],
      writes: [
        { key, value: undefined },
        { key: fenceKey, value: undefined },
      ],
    });
    if (outcome.isCommitted) return;
  }
  throw contended(deletion.what);
}
