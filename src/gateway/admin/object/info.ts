/** Versions as the admin API shows them. */
import type { ObjectInfo } from "../../../api/object.ts";
import { toHex } from "../../../base/bytes.ts";
import { rfc3339 } from "../../../base/clock.ts";
import type { BucketPath, ObjectName } from "../../../model/names.ts";
import type { Uvid } from "../../../model/uvid.ts";
import type { Version } from "../../../model/version.ts";
import type { Objects } from "../../../segment/objects.ts";

const TIME_MS_MAX = 8.64e15;

export function objectInfo(version: Version, isLatest: boolean): ObjectInfo {
  const { content } = version;
  return {
    name: version.object,
    versionId: version.uvid,
    generation: version.generation,
    sizeBytes: version.sizeBytes,
    isDeleted: version.isDeleted,
    isLatest,
    modified: timeText(version.modifiedMs),
    contentType: version.contentType ?? null,
    contentKind: content.kind,
    contentId: "id" in content ? toHex(content.id) : null,
    metadata: version.metadata,
  };
}

/** RFC 3339; a time that another segment made up stays within what a date can hold. */
export function timeText(wallMs: number): string {
  return rfc3339(Math.min(TIME_MS_MAX, Math.max(0, wallMs)));
}

/** Whether a version that was asked for by its id is the latest of its object. */
export async function isLatestVersion(
  objects: Objects,
  at: { readonly bucket: BucketPath; readonly object: ObjectName; readonly uvid: Uvid },
): Promise<boolean> {
  const page = await objects.listVersions(at.bucket, { prefix: at.object, limit: 1 });
  const first = page.items[0];
  if (first?.kind !== "version") return false;
  return first.version.object === at.object && first.version.uvid === at.uvid;
}
