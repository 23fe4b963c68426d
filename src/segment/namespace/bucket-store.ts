/** Buckets: making, showing, listing. Deleting is in delete-bucket.ts. */
import { EfsError } from "../../base/errors.ts";
import type { MetaRecord } from "../../engine/meta-store.ts";
import { logIdOf } from "../../model/ids.ts";
import {
  type BucketPath,
  formatBucketPath,
  formatTenantPath,
  parseBucketName,
  type TenantPath,
} from "../../model/names.ts";
import type { BucketOptions, BucketRecord } from "../../model/namespace.ts";
import { decodeBucketRecord, encodeBucketRecord } from "../../model/namespace-record.ts";
import { bucketNotFound } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, counterOf, nowMs } from "../core/core.ts";
import { bucketKey, bucketKeys, bucketPrefix, tenantFenceKey, tenantKey } from "../keys.ts";
import type { BucketSummary, Listing, ListOptions } from "../namespace.ts";
import { withVault } from "../vault/vaults.ts";
import { checkBucketOptions, checkOptionsChange } from "./bucket-options.ts";
import { absent, createCluster, createTenant, newFence, showTenant, tenantNotFound } from "./containers.ts";
import type { Dropper } from "./delete-bucket.ts";
import { listNames } from "./listing.ts";
import { remakeBucket } from "./remake-bucket.ts";

const LOG_ID_BYTES = 8;
const GET_MANY_MAX = 1000;

export async function createBucket(
  core: Core,
  path: BucketPath,
  options?: Partial<BucketOptions>,
): Promise<BucketRecord> {
  const checked = checkBucketOptions(options);
  await core.guard.admit(0);
  return core.buckets.locks.run(formatBucketPath(path), async () => {
    const key = bucketKey(path);
    const record: BucketRecord = {
      logId: logIdOf(core.random.bytes(LOG_ID_BYTES)),
      createdMs: nowMs(core),
      options: checked,
    };
    return withVault(core, record, async (vaultWrites) => {
      for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
        const parent = await core.records.get(tenantKey(path));
        if (parent === undefined) throw tenantNotFound(path);
        const writes = [{ key, value: encodeBucketRecord(record) }, newFence(core, tenantFenceKey(path))];
        const outcome = await core.guard.commit({
          checks: [absent(key), { key: tenantKey(path), expected: parent }],
          writes: [...writes, ...vaultWrites],
        });
        if (outcome.isCommitted) return record;
        if (outcome.failedCheck === 0) {
          throw new EfsError("BUCKET_EXISTS", `bucket ${formatBucketPath(path)} is there already`);
        }
      }
      throw contended(`tenant ${formatTenantPath(path)}`);
    });
  });
}

/** Writers that hold the former record meet a failed check and read anew. */
export async function updateBucket(
  core: Core,
  dropper: Dropper,
  path: BucketPath,
  change: Partial<Omit<BucketOptions, "chunking">>,
): Promise<BucketRecord> {
  await core.guard.admit(0);
  return core.buckets.locks.run(formatBucketPath(path), async () => {
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const bucket = await core.buckets.find(path);
      if (bucket === undefined) throw bucketNotFound(path);
      const options = checkOptionsChange(bucket.record.options, change);
      if (options.encryption !== bucket.record.options.encryption) {
        const remade = await remakeBucket(core, dropper, bucket, options);
        if (remade !== undefined) return remade;
        continue;
      }
      const record = { ...bucket.record, options };
      const write = { key: bucket.key, value: encodeBucketRecord(record) };
      const outcome = await core.guard.commit({ checks: [bucket.check], writes: [write] });
      core.buckets.forget(path);
      if (outcome.isCommitted) return record;
    }
    throw contended(`bucket ${formatBucketPath(path)}`);
  });
}

export async function showBucket(core: Core, path: BucketPath): Promise<BucketSummary> {
  const bucket = await core.buckets.open(path);
  const [summary] = await withCounters(core, [{ name: path.bucket, ...bucket.record }]);
  if (summary === undefined) throw new EfsError("BUCKET_NOT_FOUND", `no bucket ${formatBucketPath(path)}`);
  return summary;
}

export async function listBuckets(
  core: Core,
  path: TenantPath,
  options?: ListOptions,
): Promise<Listing<BucketSummary>> {
  await showTenant(core, path);
  const listing = await listNames(core.records, bucketPrefix(path), options, namedBucket);
  return { items: await withCounters(core, listing.items), next: listing.next };
}

export async function ensureBucket(
  core: Core,
  path: BucketPath,
  options: Partial<BucketOptions>,
): Promise<BucketRecord> {
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const found = core.buckets.held(path) ?? (await core.buckets.find(path));
    if (found !== undefined) return found.record;
    try {
      return await createBucket(core, path, options);
    } catch (thrown) {
      if (!(thrown instanceof EfsError)) throw thrown;
      if (thrown.code === "TENANT_NOT_FOUND") await ensureTenant(core, path);
      else if (thrown.code !== "BUCKET_EXISTS") throw thrown;
    }
  }
  throw contended(`bucket ${formatBucketPath(path)}`);
}

async function ensureTenant(core: Core, path: TenantPath): Promise<void> {
  try {
    await createTenant(core, path, undefined);
  } catch (thrown) {
    if (!(thrown instanceof EfsError)) throw thrown;
    if (thrown.code === "CLUSTER_NOT_FOUND") await ensureCluster(core, path);
    else if (thrown.code !== "TENANT_EXISTS") throw thrown;
  }
}

async function ensureCluster(core: Core, path: TenantPath): Promise<void> {
  try {
    await createCluster(core, path.cluster, undefined);
  } catch (thrown) {
    if (!(thrown instanceof EfsError && thrown.code === "CLUSTER_EXISTS")) throw thrown;
  }
}

type NamedBucket = Omit<BucketSummary, "objectCount" | "sizeBytes">;

function namedBucket(name: string, { value }: MetaRecord): NamedBucket {
  return { name: parseBucketName(name), ...decodeBucketRecord(value) };
}

async function withCounters(core: Core, buckets: readonly NamedBucket[]): Promise<readonly BucketSummary[]> {
  const keys = buckets.flatMap((bucket) => {
    const { objectCount, sizeBytes } = bucketKeys(bucket.logId);
    return [objectCount, sizeBytes];
  });
  const values: number[] = [];
  for (let start = 0; start < keys.length; start += GET_MANY_MAX) {
    const page = await core.records.getMany(keys.slice(start, start + GET_MANY_MAX));
    values.push(...page.map(counterOf));
  }
  return buckets.map((bucket, index) => ({
    ...bucket,
    objectCount: values[2 * index] ?? 0,
    sizeBytes: values[2 * index + 1] ?? 0,
  }));
}
