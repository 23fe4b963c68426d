/** CopyObject: a new version with the content of another object; no data moves, so ETag, parts and checksums stay. */
import { EfsError } from "../../../base/errors.ts";
import type { AnnotationChange } from "../../../model/annotation.ts";
import type { Version } from "../../../model/version.ts";
import type { AnnotatedVersion } from "../../../segment/annotations.ts";
import type { CopyOptions } from "../../../segment/objects.ts";
import type { Action, ObjectContext, S3Request } from "../action.ts";
import { annotationsOf, authoriseAnnotations } from "../annotation-headers.ts";
import { checksumElements } from "../checksum-elements.ts";
import { copySourceGuard, writeGuard } from "../conditions.ts";
import { authoriseSource, type CopySource, copySourceOf, findSource, isOntoItself } from "../copy-source.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { S3Error } from "../errors.ts";
import { quotedEtag } from "../etag.ts";
import { expirationHeader } from "../expiration-header.ts";
import { isoDate } from "../listed-object.ts";
import { lockFailure } from "../object-annotations.ts";
import {
  copiedHeaders,
  DEFAULT_CONTENT_TYPE,
  directiveOf,
  STORAGE_CLASS_HEADER,
  WEBSITE_REDIRECT_HEADER,
  writtenHeaders,
} from "../object-headers.ts";
import { shownVersionId } from "../version-headers.ts";
import { refOf } from "../version-id.ts";
import { xmlAnswer } from "../xml-answer.ts";

/** How often the source's latest version may be replaced between finding it and copying it. */
const ATTEMPTS_MAX = 5;

export const copyObject: Action = inEncryptedBucket({
  name: "CopyObject",
  target: "object",
  match: { method: "PUT", headers: ["x-amz-copy-source"] },
  permission: "s3:PutObject",
  run: async (context, request) => {
    const source = copySourceOf(context, request.headers);
    await authoriseSource(context, source);
    const { from, version } = await copyFrom(context, request, source);
    return xmlAnswer(
      "CopyObjectResult",
      {
        LastModified: isoDate(version.modifiedMs),
        ETag: quotedEtag(version),
        ...checksumElements(version.digest),
      },
      {
        "x-amz-version-id": shownVersionId(version),
        "x-amz-copy-source-version-id": shownVersionId(from, source.versionId),
        "x-amz-expiration": await expirationHeader(context, context.object, { version }),
      },
    );
  },
});

async function copyFrom(
  context: ObjectContext,
  request: S3Request,
  source: CopySource,
  attempt = 1,
): Promise<{ readonly from: Version; readonly version: Version }> {
  const found = await findSource(context, source);
  const guard = copySourceGuard(request.headers);
  guard?.(found.version);
  const options = await copyOptions(context, request, source, found);
  try {
    const fromVersion = refOf(found.version);
    const version = await context.segment.objects.copy(source.path, context.object, {
      ...options,
      fromVersion,
    });
    return { from: found.version, version };
  } catch (thrown) {
    const isReplaced =
      thrown instanceof EfsError &&
      thrown.code === "VERSION_NOT_FOUND" &&
      source.version === undefined &&
      attempt < ATTEMPTS_MAX;
    if (!isReplaced) throw lockFailure(thrown);
    return copyFrom(context, request, source, attempt + 1);
  }
}

async function copyOptions(
  context: ObjectContext,
  request: S3Request,
  source: CopySource,
  found: AnnotatedVersion,
): Promise<CopyOptions> {
  const { headers, signal } = request;
  const isReplaced = directiveOf(headers, "x-amz-metadata-directive") === "REPLACE";
  const written = writtenHeaders(headers);
  if (!isReplaced && isOntoItself(source, context.object) && !changesItself(headers)) {
    throw new S3Error(
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const annotations = await annotationsToWrite(context, request, source, found);
  return {
    // Undefined would take over the source's.
    contentType: isReplaced ? (written.contentType ?? DEFAULT_CONTENT_TYPE) : undefined,
    metadata: isReplaced ? (written.metadata ?? {}) : undefined,
    headers: isReplaced ? (written.headers ?? {}) : copiedHeaders(found.version.headers, written.headers),
    annotations,
    allow: writeGuard(headers),
    signal,
  };
}

/** Tags go along unless they are replaced; ACL, retention and hold are never those of the source. */
async function annotationsToWrite(
  context: ObjectContext,
  { headers }: S3Request,
  source: CopySource,
  { annotations }: AnnotatedVersion,
): Promise<AnnotationChange | undefined> {
  const said = annotationsOf(headers, context.clock.wallMs());
  if (directiveOf(headers, "x-amz-tagging-directive") === "REPLACE") {
    await authoriseAnnotations(context, context.object, said);
    return said;
  }
  if (said?.tags !== undefined) {
    throw new S3Error("InvalidRequest", "x-amz-tagging needs x-amz-tagging-directive: REPLACE");
  }
  const hasTags = Object.keys(annotations.tags).length > 0;
  const change = hasTags ? { ...said, tags: annotations.tags } : said;
  if (hasTags) {
    const permission = source.versionId === undefined ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging";
    await context.authorise(permission, { bucket: source.path.bucket, key: source.path.object });
  }
  await authoriseAnnotations(context, context.object, change);
  return change;
}

function changesItself(headers: ReadonlyMap<string, string>): boolean {
  return headers.has(STORAGE_CLASS_HEADER) || headers.has(WEBSITE_REDIRECT_HEADER);
}
