/** DeleteObjects: up to 1,000 keys, each deleted for itself; what fails is told by key. */
import { toEfsError } from "../../../base/errors.ts";
import { Limiter } from "../../../base/limiter.ts";
import { parseObjectName } from "../../../model/names.ts";
import type { Version } from "../../../model/version.ts";
import type { Action, BucketContext, S3Request } from "../action.ts";
import { isGovernanceBypassed } from "../annotation-headers.ts";
import { deleteGuard } from "../conditions.ts";
import { S3Error } from "../errors.ts";
import { type Removal, removeObject, removeVersion } from "../object-removal.ts";
import { toS3Error } from "../wire/error-answer.ts";
import type { XmlChildren, XmlElement } from "../wire/xml.ts";
import { requireDigest, xmlAnswer, xmlBody } from "../xml-answer.ts";

const KEYS_MAX = 1000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** So many at once: each is a commit, and commits in flight share their sync. */
const IN_FLIGHT_MAX = 64;

interface Asked {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly allow: ((latest: Version | undefined) => void) | undefined;
}

export const deleteObjects: Action = {
  name: "DeleteObjects",
  target: "bucket",
  match: { method: "POST", query: ["delete"] },
  // Each key is asked for by itself.
  permission: undefined,
  run: async (context, request) => {
    requireDigest(request);
    const document = await xmlBody(request, { root: "Delete", bytesMax: BODY_BYTES_MAX });
    const isQuiet = document.textOf("Quiet")?.trim().toLowerCase() === "true";
    const asked = document.many("Object").map(askedOf);
    if (asked.length === 0 || asked.length > KEYS_MAX) {
      throw new S3Error(
        "MalformedXML",
        `A request deletes 1 to ${KEYS_MAX} objects, this one ${asked.length}`,
      );
    }
    // Once for all: a bucket that is not there is no matter of single keys.
    await context.segment.namespace.showBucket(context.bucket);
    const limiter = new Limiter(IN_FLIGHT_MAX);
    const items = await Promise.all(asked.map((one) => limiter.run(() => deleteOne(context, request, one))));
    const shown = isQuiet ? items.filter((item) => "Error" in item) : items;
    return xmlAnswer("DeleteResult", { "#items": shown });
  },
};

function askedOf(element: XmlElement): Asked {
  element.allow("Key", "VersionId", "ETag", "LastModifiedTime", "Size");
  const key = element.requiredText("Key");
  const versionId = element.textOf("VersionId");
  const allow = deleteGuard({
    etag: element.textOf("ETag"),
    modified: element.textOf("LastModifiedTime"),
    size: element.textOf("Size"),
  });
  return { key, versionId: versionId === "" ? undefined : versionId, allow };
}

/** `{ Deleted }` or `{ Error }`. */
async function deleteOne(context: BucketContext, request: S3Request, asked: Asked): Promise<XmlChildren> {
  try {
    const removal = await remove(context, request, asked);
    return { Deleted: deletedElement(asked, removal) };
  } catch (thrown) {
    const error = toS3Error(thrown);
    if (error.status >= 500) {
      context.log.error({ request: request.id, error: toEfsError(thrown).message }, "a key was not deleted");
    }
    return {
      Error: { Key: asked.key, VersionId: asked.versionId, Code: error.code, Message: error.message },
    };
  }
}

async function remove(
  context: BucketContext,
  request: S3Request,
  { key, versionId, allow }: Asked,
): Promise<Removal> {
  const resource = { bucket: context.bucket.bucket, key };
  await context.authorise(versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion", resource);
  const path = { ...context.bucket, object: parseObjectName(key) };
  if (versionId === undefined) return removeObject(context, path, { allow });
  const isBypassed = await isGovernanceBypassed(context, request.headers, resource);
  return removeVersion(context, path, { versionId, isGovernanceBypassed: isBypassed, allow });
}

function deletedElement({ key, versionId }: Asked, removal: Removal): XmlChildren {
  return {
    Key: key,
    VersionId: versionId,
    DeleteMarker: removal.isMarker ? true : undefined,
    DeleteMarkerVersionId: removal.isMarker ? removal.versionId : undefined,
  };
}
