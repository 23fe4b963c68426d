/**
 * Log entries as S3's event records (message structure 2.1). The log says what happened to which version; how it came (Put, Post, Copy) it does not,
 * so whatever makes an object in one piece is `Put`. A version that is no longer kept is told of without what only it knew, and as whichever of the
 * ways to make it was asked for, rather than not at all; annotations of such a version are not told of.
 */
import { rfc3339 } from "../../../base/clock.ts";
import type { BucketPath } from "../../../model/names.ts";
import { uvidParts } from "../../../model/uvid.ts";
import type { Version } from "../../../model/version.ts";
import type { PositionedEntry, VersionAnnotations } from "../../../segment/replication.ts";
import type { Segment } from "../../../segment/segment.ts";
import { etagOf } from "../etag.ts";
import { opaqueVersionId, versionIdOf } from "../version-id.ts";
import { asksForFamily, type EventName, isAskedFor, isForKey, type Notification } from "./notification.ts";

export interface EventSite {
  readonly segment: Segment;
  readonly bucket: BucketPath;
  readonly region: string;
}

/** Whether an entry may come to an event; decided without reading anything. */
export function mayTell(notification: Notification, entry: PositionedEntry): boolean {
  if (!isForKey(notification, entry.object)) return false;
  if (entry.kind === "annotation") {
    return asksForFamily(notification, "ObjectTagging") || asksForFamily(notification, "ObjectAcl");
  }
  const isRemoved = entry.kind === "expunge" || entry.isDeleted;
  return asksForFamily(notification, isRemoved ? "ObjectRemoved" : "ObjectCreated");
}

/** The records of entries for which `mayTell` holds, in order. At most 1,000 entries. @throws BUCKET_NOT_FOUND */
export async function eventRecords(
  { segment, bucket, region }: EventSite,
  notification: Notification,
  entries: readonly PositionedEntry[],
): Promise<readonly object[]> {
  const { replication, namespace } = segment;
  const { options } = await namespace.showBucket(bucket);
  const versions = await replication.getVersions(bucket, entries);
  const changed = entries.filter(({ kind }) => kind === "annotation");
  const annotations = await replication.getAnnotations(bucket, changed);
  const annotationsOf = new Map(changed.map((entry, index) => [entry, annotations[index]]));
  const isOff = options.versioning === "off";
  return entries.flatMap((entry, index) => {
    const version = versions[index];
    const names = namesOf(entry, { notification, version, annotations: annotationsOf.get(entry), isOff });
    return names
      .filter((name) => isAskedFor(notification, name))
      .map((name) => {
        const versionId = isOff ? undefined : versionIdIn(entry, version);
        return recordOf(entry, { name, version, versionId, notification, bucket, region, segment });
      });
  });
}

interface Told {
  readonly notification: Notification;
  readonly version: Version | undefined;
  readonly annotations: VersionAnnotations | undefined;
  /** Of the bucket's versioning. */
  readonly isOff: boolean;
}

function namesOf(
  entry: PositionedEntry,
  { notification, version, annotations, isOff }: Told,
): readonly EventName[] {
  if (entry.kind === "expunge") return ["ObjectRemoved:Delete"];
  if (entry.kind === "version") {
    if (entry.isDeleted) return [isOff ? "ObjectRemoved:Delete" : "ObjectRemoved:DeleteMarkerCreated"];
    const [byParts, whole] = ["ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Put"] as const;
    if (version === undefined) return [isAskedFor(notification, whole) ? whole : byParts];
    return [(version.digest?.parts.length ?? 0) > 0 ? byParts : whole];
  }
  // A field that was changed again since is told of by its own entry.
  const { tags, acl } = annotations?.record ?? {};
  const names: EventName[] = [];
  if (tags?.uvid === entry.change) {
    names.push(Object.keys(tags.value).length === 0 ? "ObjectTagging:Delete" : "ObjectTagging:Put");
  }
  if (acl?.uvid === entry.change) names.push("ObjectAcl:Put");
  return names;
}

function versionIdIn(entry: PositionedEntry, version: Version | undefined): string {
  return version === undefined ? opaqueVersionId(entry) : versionIdOf(version);
}

interface Recorded extends EventSite {
  readonly name: EventName;
  readonly version: Version | undefined;
  readonly versionId: string | undefined;
  readonly notification: Notification;
}

function recordOf(
  entry: PositionedEntry,
  { name, version, versionId, notification, bucket, region, segment }: Recorded,
): object {
  const isContent = entry.kind === "version" && !entry.isDeleted;
  return {
    eventVersion: "2.1",
    // The segment that wrote it first, also when it came through a link.
    eventSource: `efs:s3:${writerOf(entry) ?? segment.id}`,
    awsRegion: region,
    eventTime: rfc3339(entry.loggedMs),
    eventName: name,
    userIdentity: { principalId: bucket.tenant },
    requestParameters: { sourceIPAddress: "" },
    responseElements: {
      "x-efs-segment": segment.id,
      ...(entry.via === undefined ? {} : { "x-efs-via": entry.via }),
    },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: notification.id,
      bucket: {
        name: bucket.bucket,
        ownerIdentity: { principalId: bucket.tenant },
        arn: `arn:aws:s3:::${bucket.bucket}`,
      },
      object: {
        key: formEncoded(entry.object),
        ...(isContent ? { size: entry.sizeBytes } : {}),
        ...(isContent && version !== undefined ? { eTag: etagOf(version) } : {}),
        ...(versionId === undefined ? {} : { versionId }),
        sequencer: entry.position.toString(16).toUpperCase().padStart(16, "0"),
      },
    },
  };
}

/** A UVID names the segment that made it; of an expunge nobody says where it was decided. */
function writerOf(entry: PositionedEntry): string | undefined {
  if (entry.kind === "expunge") return entry.via;
  return uvidParts(entry.kind === "annotation" ? entry.change : entry.uvid).segment;
}

/** As S3 writes keys in events: as in a form, a space is `+`. */
function formEncoded(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/");
}
