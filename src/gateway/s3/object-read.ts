/** What GET and HEAD of an object share: finding the version as the request asks for it, and the headers of the answer. */
import { EfsError } from "../../base/errors.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { ActionContext, ObjectContext, S3Request } from "./action.ts";
import { isChecksumAsked, setChecksum, setPartChecksum } from "./checksum-headers.ts";
import { S3Error } from "./errors.ts";
import { expirationHeader } from "./expiration-header.ts";
import { formatHttpDate } from "./http-date.ts";
import { refuseEncryption } from "./object-headers.ts";
import { type ByteRange, contentRange, type RangeAsked } from "./range.ts";
import {
  deleteMarkerHeaders,
  type ResponseHeaders,
  setOverrides,
  versionHeaders,
} from "./version-headers.ts";
import { parseVersionId } from "./version-id.ts";

/** `s3:GetObject`, or `s3:GetObjectVersion` when a version is named; for other verbs likewise. */
export function versionPermission(verb: string, kind = ""): (request: S3Request) => string {
  return (request) =>
    request.query.has("versionId") ? `s3:${verb}ObjectVersion${kind}` : `s3:${verb}Object${kind}`;
}

/**
 * The error that a read of what is not there gets: a latest version that is a delete, or a delete version that was named, says so. What is no error
 * of that kind is given back.
 */
export async function readFailure(
  context: ActionContext,
  path: ObjectPath,
  versionId: string | undefined,
  thrown: unknown,
): Promise<unknown> {
  if (!(thrown instanceof EfsError)) return thrown;
  if (thrown.code !== "OBJECT_NOT_FOUND" && thrown.code !== "VERSION_NOT_FOUND") return thrown;
  if (versionId !== undefined) return namedFailure(context, path, versionId, thrown);
  // Who may not list learns nothing of which keys there are.
  if (!(await context.isAllowed("s3:ListBucket", { bucket: path.bucket })))
    return new S3Error("AccessDenied");
  const marker = await latestMarker(context, path);
  return new S3Error("NoSuchKey", "The specified key does not exist.", {
    elements: { Key: path.object },
    headers: marker === undefined ? {} : deleteMarkerHeaders(marker),
    cause: thrown,
  });
}

/** A version that is a delete cannot be read. @throws MethodNotAllowed */
export function requireContentOf(version: Version): void {
  if (!version.isDeleted) return;
  throw new S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    elements: { ResourceType: "DeleteMarker", Method: "GET" },
    headers: {
      ...deleteMarkerHeaders(version),
      "Last-Modified": formatHttpDate(version.modifiedMs),
      Allow: "DELETE",
    },
  });
}

export interface ReadAnswer {
  readonly version: Version;
  readonly asked: RangeAsked | undefined;
  readonly range: ByteRange;
}

/** The headers and the status of GET and HEAD. */
export async function readAnswer(
  context: ObjectContext,
  request: S3Request,
  { version, asked, range }: ReadAnswer,
): Promise<{ readonly status: number; readonly headers: ResponseHeaders }> {
  const [annotations] = await context.segment.annotations.showMany(context.object, [version]);
  const versionId = request.query.get("versionId");
  const headers = versionHeaders(version, { annotations, versionId });
  if (versionId === undefined) {
    headers["x-amz-expiration"] = await expirationHeader(context, context.object, { version, annotations });
  }
  const parts = version.digest?.parts.length ?? 0;
  if (asked?.kind === "part" && parts > 0) headers["x-amz-mp-parts-count"] = String(parts);
  if (isChecksumAsked(request.headers)) {
    if (asked === undefined) setChecksum(headers, version.digest);
    else if (asked.kind === "part") setPartChecksum(headers, version.digest, asked.number);
  }
  setOverrides(headers, request.query, context.identity);
  if (asked === undefined) return { status: 200, headers };
  headers["Content-Range"] = contentRange(range, version.sizeBytes);
  return { status: headers["Content-Range"] === undefined ? 200 : 206, headers };
}

/** Refuses what no read of ours can do. @throws NotImplemented */
export function checkReadHeaders(request: S3Request): void {
  refuseEncryption(request.headers);
}

async function namedFailure(
  context: ActionContext,
  path: ObjectPath,
  versionId: string,
  thrown: EfsError,
): Promise<unknown> {
  const marker = await context.segment.objects.show(path, parseVersionId(versionId)).catch(() => undefined);
  if (marker?.isDeleted === true) {
    try {
      requireContentOf(marker);
    } catch (refused) {
      return refused;
    }
  }
  return new S3Error("NoSuchVersion", "The specified version does not exist.", {
    elements: { Key: path.object, VersionId: versionId },
    cause: thrown,
  });
}

/** The latest version when it is a delete marker that clients know of; see version-page.ts. */
async function latestMarker(context: ActionContext, path: ObjectPath): Promise<Version | undefined> {
  const { options } = await context.segment.namespace.showBucket(path);
  if (options.versioning === "off") return undefined;
  const page = await context.segment.objects.listVersions(path, { prefix: path.object, limit: 2 });
  const [first, second] = page.items;
  if (first?.kind !== "version" || first.version.object !== path.object) return undefined;
  const hasOlder = second?.kind === "version" && second.version.object === path.object;
  return first.version.isDeleted && (hasOlder || !first.version.isNull) ? first.version : undefined;
}
