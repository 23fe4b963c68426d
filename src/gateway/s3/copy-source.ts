/** `x-amz-copy-source`: which object, and which version of it, a copy reads. */
import { type ObjectPath, parseBucketName, parseObjectName } from "../../model/names.ts";
import type { AnnotatedVersion } from "../../segment/annotations.ts";
import type { VersionRef } from "../../segment/objects.ts";
import type { ActionContext } from "./action.ts";
import { S3Error } from "./errors.ts";
import { readFailure } from "./object-read.ts";
import { parseVersionId } from "./version-id.ts";

export interface CopySource {
  readonly path: ObjectPath;
  /** As given; undefined: the latest. */
  readonly versionId: string | undefined;
  readonly version: VersionRef | undefined;
}

const HEADER = "x-amz-copy-source";
const VERSION = "?versionId=";

/** `/bucket/key` or `bucket/key`, percent-encoded, with `?versionId=` behind. @throws InvalidArgument, NotImplemented (ARNs) */
export function copySourceOf(context: ActionContext, headers: ReadonlyMap<string, string>): CopySource {
  const text = headers.get(HEADER) ?? "";
  if (text.startsWith("arn:")) {
    throw new S3Error("NotImplemented", "Copy sources by ARN are not supported", {
      elements: { Header: HEADER },
    });
  }
  const at = text.lastIndexOf(VERSION);
  const encoded = at < 0 ? text : text.slice(0, at);
  const versionId = at < 0 ? undefined : text.slice(at + VERSION.length);
  const name = decoded(encoded).replace(/^\//, "");
  const slash = name.indexOf("/");
  const [bucket, key] = slash < 0 ? [name, ""] : [name.slice(0, slash), name.slice(slash + 1)];
  if (bucket === "" || key === "") throw invalidSource(text);
  try {
    const { cluster, tenant } = context.tenant;
    const path = { cluster, tenant, bucket: parseBucketName(bucket), object: parseObjectName(key) };
    return { path, versionId, version: parseVersionId(versionId) };
  } catch (thrown) {
    throw thrown instanceof S3Error ? thrown : invalidSource(text, thrown);
  }
}

/** Asks for reading the source. @throws AccessDenied */
export async function authoriseSource(context: ActionContext, source: CopySource): Promise<void> {
  const permission = source.versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  await context.authorise(permission, { bucket: source.path.bucket, key: source.path.object });
}

/** The error that copying gets whose source cannot be read. A delete marker that is named is a wrong request: the method is allowed. */
export async function sourceFailure(
  context: ActionContext,
  { path, versionId }: CopySource,
  thrown: unknown,
): Promise<unknown> {
  const failure = await readFailure(context, path, versionId, thrown);
  return failure instanceof S3Error && failure.code === "MethodNotAllowed" ? markerAsSource() : failure;
}

/** The version that is copied, with its annotations. @throws NoSuchKey, NoSuchVersion, InvalidRequest (a delete marker) */
export async function findSource(context: ActionContext, source: CopySource): Promise<AnnotatedVersion> {
  try {
    const found = await context.segment.annotations.show(source.path, source.version);
    if (!found.version.isDeleted) return found;
  } catch (thrown) {
    throw await sourceFailure(context, source, thrown);
  }
  throw markerAsSource();
}

function markerAsSource(): S3Error {
  return new S3Error(
    "InvalidRequest",
    "The source of a copy request may not specifically refer to a delete marker by version id.",
  );
}

/** A version that is named may be copied over its object: that is how it is brought back. */
export function isOntoItself({ path, version }: CopySource, to: ObjectPath): boolean {
  return version === undefined && path.bucket === to.bucket && path.object === to.object;
}

/** In `x-amz-copy-source`, unlike in a path, some clients write `+` for itself and some encode nothing; what cannot be decoded is refused. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    throw invalidSource(text, thrown);
  }
}

function invalidSource(text: string, cause?: unknown): S3Error {
  return new S3Error(
    "InvalidArgument",
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    {
      elements: { ArgumentName: HEADER, ArgumentValue: text.slice(0, 1024) },
      cause,
    },
  );
}
