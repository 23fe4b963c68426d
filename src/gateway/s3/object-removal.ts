/** Deleting an object or one version of it, as DeleteObject and DeleteObjects do. What is not there is deleted already. */
import { EfsError } from "../../base/errors.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { ActionContext } from "./action.ts";
import { S3Error } from "./errors.ts";
import type { ResponseHeaders } from "./version-headers.ts";
import { NULL_VERSION_ID, parseVersionId, versionIdOf } from "./version-id.ts";

export interface Removal {
  /** A delete marker was made, or was removed. */
  readonly isMarker: boolean;
  /** Of the marker that was made, or of the version that was removed; undefined in a bucket without versioning. */
  readonly versionId: string | undefined;
}

const NOTHING: Removal = { isMarker: false, versionId: undefined };

/** @throws what `allow` throws, AccessDenied (locked), as Objects.delete */
export async function removeObject(
  context: ActionContext,
  path: ObjectPath,
  options: { readonly allow: ((latest: Version | undefined) => void) | undefined },
): Promise<Removal> {
  const { allow } = options;
  try {
    const marker = await context.segment.objects.delete(path, { isMarkerForced: true, allow });
    if (!marker.isNull) return { isMarker: true, versionId: versionIdOf(marker) };
    const { options: bucket } = await context.segment.namespace.showBucket(path);
    return bucket.versioning === "off" ? NOTHING : { isMarker: true, versionId: NULL_VERSION_ID };
  } catch (thrown) {
    if (!(thrown instanceof EfsError) || thrown.code !== "OBJECT_NOT_FOUND") throw removalFailure(thrown);
    // Nothing to delete is fine, but not for who demands something of it.
    allow?.(undefined);
    return NOTHING;
  }
}

/** @throws AccessDenied (locked), InvalidArgument (no version id), what `allow` throws */
export async function removeVersion(
  context: ActionContext,
  path: ObjectPath,
  options: {
    readonly versionId: string;
    readonly isGovernanceBypassed: boolean;
    readonly allow?: ((version: Version) => void) | undefined;
  },
): Promise<Removal> {
  const { versionId, isGovernanceBypassed, allow } = options;
  const ref = parseVersionId(versionId);
  if (ref === undefined) return NOTHING;
  try {
    const removed = await context.segment.objects.expunge(path, ref, { isGovernanceBypassed, allow });
    return { isMarker: removed.isDeleted, versionId };
  } catch (thrown) {
    const isGone =
      thrown instanceof EfsError &&
      (thrown.code === "OBJECT_NOT_FOUND" || thrown.code === "VERSION_NOT_FOUND");
    if (isGone) return { isMarker: false, versionId };
    throw removalFailure(thrown);
  }
}

export function removalHeaders({ isMarker, versionId }: Removal): ResponseHeaders {
  return { "x-amz-delete-marker": isMarker ? "true" : undefined, "x-amz-version-id": versionId };
}

function removalFailure(thrown: unknown): unknown {
  if (!(thrown instanceof EfsError) || thrown.code !== "LOCKED") return thrown;
  return new S3Error("AccessDenied", "Access Denied because object protected by object lock.", {
    cause: thrown,
  });
}
