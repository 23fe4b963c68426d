/**
 * Listing all kept versions of a bucket: names in byte order, the versions of a name latest first. A page can end inside a name, so
 * that it is bounded however many versions a name has.
 */
import type { MetaRecord } from "../../engine/meta-store.ts";
import type { BucketPath, ObjectName } from "../../model/names.ts";
import type { Ordered } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, scanAll } from "../core/core.ts";
import { keyAfter, olderKey, rangeOf, versionPrefix } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { ListedVersion, ListVersionsOptions, VersionListing, VersionRef } from "../objects.ts";
import { compareRanked } from "./kept.ts";
import { NameWalk } from "./name-walk.ts";
import { decodeOlder, type StoredObject } from "./object-record.ts";
import { readObject } from "./read-object.ts";
import { type Rolling, rollUp } from "./roll-up.ts";

interface Plan extends Rolling {
  readonly bucket: OpenBucket;
  readonly limit: number;
}

export async function listVersions(
  core: Core,
  path: BucketPath,
  options: ListVersionsOptions = {},
): Promise<VersionListing> {
  const bucket = await core.buckets.open(path);
  const { after, delimiter, prefix = "" } = options;
  const limit = checkLimit(options.limit);
  const plan = { bucket, prefix, delimiter, limit };
  // One more than asked for tells whether there is a next page.
  const items: ListedVersion[] = [];
  const rolledUp = after === undefined ? undefined : rollUp(plan, after);
  if (rolledUp === undefined && after?.startsWith(prefix) === true) {
    await addRest(core, plan, { name: after as ObjectName, behind: options.afterVersion }, items);
  }
  const walk = new NameWalk(core.records, bucket, { prefix, after, wanted: limit + 1 });
  if (rolledUp !== undefined) walk.skip(rolledUp);
  while (items.length <= limit) {
    const object = await walk.next();
    if (object === undefined) return { items, next: undefined };
    const above = rollUp(plan, object.name);
    if (above === undefined) {
      await addVersions(core, plan, object, undefined, items);
    } else if (object.latest !== undefined) {
      items.push({ kind: "prefix", prefix: above });
      walk.skip(above);
    }
  }
  items.length = limit;
  return { items, next: placeBehind(items.at(-1)) };
}

function placeBehind(last: ListedVersion | undefined): VersionListing["next"] {
  if (last === undefined) return undefined;
  if (last.kind === "prefix") return { after: last.prefix, afterVersion: undefined };
  const { object, uvid, generation } = last.version;
  return { after: object, afterVersion: { uvid, generation } };
}

/** The versions of the name at which the page before ended. */
async function addRest(
  core: Core,
  plan: Plan,
  { name, behind }: { readonly name: ObjectName; readonly behind: VersionRef | undefined },
  items: ListedVersion[],
): Promise<void> {
  if (behind === undefined) return;
  const object = await readObject(core.records, plan.bucket, name);
  if (object === undefined) return;
  await addVersions(core, plan, object, await rankBehind(core, plan.bucket, object, behind), items);
}

/** Adds what is behind a rank, until the page is over full. */
async function addVersions(
  core: Core,
  { bucket, limit }: Plan,
  object: StoredObject,
  behind: Ordered | undefined,
  items: ListedVersion[],
): Promise<void> {
  const { latest, name } = object;
  if (latest === undefined) return;
  if (behind === undefined || compareRanked(latest, behind) < 0) {
    items.push({ kind: "version", version: latest, isLatest: true });
  }
  const wanted = limit + 1 - items.length;
  if (object.olderCount === 0 || wanted <= 0) return;
  const range = rangeOf(versionPrefix(bucket.keys.older, name));
  const from = behind === undefined ? range.from : keyAfter(olderKey(bucket.keys, name, behind));
  const page = await core.records.scan({ from, to: range.to, limit: wanted });
  for (const record of page.records) {
    const version = versionIn(bucket, name, record);
    // A write between reading the object and its older versions can show the former latest here too.
    if (version.uvid === latest.uvid) continue;
    items.push({ kind: "version", version, isLatest: false });
  }
}

/**
 * The rank of the version that the page before ended with. One that is gone meanwhile, and whose generation was not given, stands where
 * its UVID would; the null version that is gone stands in front.
 */
async function rankBehind(
  core: Core,
  bucket: OpenBucket,
  object: StoredObject,
  { uvid, generation }: VersionRef,
): Promise<Ordered | undefined> {
  if (uvid !== "null" && generation !== undefined && generation >= 1) return { uvid, generation };
  const isBehind = (version: Version) => (uvid === "null" ? version.isNull : version.uvid <= uvid);
  const { latest } = object;
  if (latest !== undefined && isBehind(latest)) return rankAt(latest, uvid);
  for await (const record of scanAll(core.records, rangeOf(versionPrefix(bucket.keys.older, object.name)))) {
    const version = versionIn(bucket, object.name, record);
    if (isBehind(version)) return rankAt(version, uvid);
  }
  return uvid === "null" ? undefined : { uvid, generation: 1 };
}

/** Just above a version that is not the one looked for, so that it is listed itself. */
function rankAt({ generation, uvid }: Version, looked: VersionRef["uvid"]): Ordered {
  return looked === "null" || looked === uvid
    ? { generation, uvid }
    : { generation: generation + 1, uvid: looked };
}

function versionIn(bucket: OpenBucket, name: ObjectName, { value }: MetaRecord): Version {
  return decodeOlder(bucket.path, name, value);
}
