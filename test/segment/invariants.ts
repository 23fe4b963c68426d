/** What must hold of a segment after whatever happened: checked from its records and chunks, and through its front door. */
import { toHex } from "../../src/base/bytes.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { decodeNode } from "../../src/model/chunk-manifest.ts";
import { nodeId } from "../../src/model/hash.ts";
import type { BucketPath } from "../../src/model/names.ts";
import type { Version } from "../../src/model/version.ts";
import { decodeChunk } from "../../src/segment/chunk/codec.ts";
import { counterOf } from "../../src/segment/core/core.ts";
import { bucketKeys } from "../../src/segment/keys.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { allVersions, bytesOf } from "./support.ts";

/** Sentences about what is broken; none when all is well. */
export async function brokenInvariants(
  segment: Segment,
  engine: Engine,
  bucket: BucketPath,
): Promise<readonly string[]> {
  const broken: string[] = [];
  const versions = await allVersions(segment, bucket);
  const log = await segment.replication.readLog(bucket, 0n, 10_000);
  checkLog(versions, log, broken);
  await checkContent(segment, bucket, versions, broken);
  const latest = versions.filter((version, index) => version.object !== versions[index - 1]?.object);
  const live = latest.filter((version) => !version.isDeleted);
  const shown = await segment.namespace.showBucket(bucket);
  const sizeBytes = live.reduce((sum, version) => sum + version.sizeBytes, 0);
  if (shown.objectCount !== live.length)
    broken.push(`${shown.objectCount} objects counted, ${live.length} are there`);
  if (shown.sizeBytes !== sizeBytes) broken.push(`${shown.sizeBytes} bytes counted, ${sizeBytes} are there`);
  const { versionCount } = bucketKeys(shown.logId);
  const counted = counterOf(await engine.records.get(versionCount));
  const notNull = versions.filter(({ isNull }) => !isNull).length;
  if (counted !== notNull) broken.push(`${counted} versions counted that are not null, ${notNull} are there`);
  await checkNodes(engine, broken);
  return broken;
}

function checkLog(
  versions: readonly Version[],
  log: Awaited<ReturnType<Segment["replication"]["readLog"]>>,
  broken: string[],
): void {
  const made = log.filter((entry) => entry.kind === "version");
  const logged = new Set(made.map((entry) => entry.uvid));
  if (logged.size !== made.length) broken.push("a version is logged twice");
  log.forEach((entry, index) => {
    if (entry.position !== BigInt(index + 1))
      broken.push(`position ${entry.position} stands at ${index + 1}`);
  });
  for (const version of versions) {
    if (!logged.has(version.uvid)) broken.push(`version ${version.uvid} of ${version.object} is not logged`);
  }
}

async function checkContent(
  segment: Segment,
  bucket: BucketPath,
  versions: readonly Version[],
  broken: string[],
): Promise<void> {
  for (const { object, uvid, isDeleted, sizeBytes } of versions) {
    if (isDeleted) continue;
    try {
      const bytes = await bytesOf(await segment.objects.get({ ...bucket, object }, { version: { uvid } }));
      if (bytes.length !== sizeBytes) broken.push(`version ${uvid} of ${object} reads ${bytes.length} bytes`);
    } catch (thrown) {
      broken.push(`version ${uvid} of ${object} cannot be read: ${String(thrown)}`);
    }
  }
}

/** Present means complete: what a node names is there. */
async function checkNodes(engine: Engine, broken: string[]): Promise<void> {
  const listed = await engine.chunks.list(undefined, 10_000);
  const present = new Set(listed.map(({ key }) => toHex(key)));
  for (const { key } of listed) {
    const stored = await engine.chunks.get(key);
    // Those of encrypted buckets are sealed; reading everything has gone through them.
    if (stored === undefined || stored.keyId !== 0) continue;
    const plain = decodeChunk(stored);
    if (toHex(nodeId(plain)) !== toHex(key)) continue;
    for (const reference of decodeNode(plain)) {
      if (reference.kind === "zeros" || present.has(toHex(reference.id))) continue;
      broken.push(`node ${toHex(key)} lacks ${reference.kind} ${toHex(reference.id)}`);
    }
  }
}
