/** Putting, deleting and copying objects: each makes one version. */

import { keptDigest } from "../../model/digest-codec.ts";
import { SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import { checkAnnotations } from "../annotation/annotation-writes.ts";
import { checkNotAborted, checkPromisedSize, checkWhole } from "../content/body.ts";
import { readRoot } from "../content/read-root.ts";
import { smallContentOf } from "../content/small-content.ts";
import { type StoredContent, storeContent } from "../content/store-content.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import type { CopyOptions, DeleteOptions, PutOptions } from "../objects.ts";
import { requireContent } from "../replication/pieces.ts";
import { inVault } from "../vault/in-vault.ts";
import { checkContentType, checkHeaders, checkMetadata } from "./attributes.ts";
import { findVersion, objectNotFound, readObject } from "./read-object.ts";
import { type Draft, requireLatest, type WriteOptions, writeVersion } from "./write-version.ts";

const DELETE_DRAFT: Draft = {
  isDeleted: true,
  sizeBytes: 0,
  content: { kind: "none" },
  contentType: undefined,
  metadata: {},
  headers: {},
  digest: undefined,
};

export async function putObject(
  core: Core,
  path: ObjectPath,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: PutOptions = {},
): Promise<Version> {
  const contentType = checkContentType(options.contentType);
  const metadata = checkMetadata(options.metadata);
  const headers = checkHeaders(options.headers);
  const bucket = core.buckets.held(path) ?? (await core.buckets.open(path));
  const stored = await storeBody(core, bucket, path, { body, options });
  const draft = {
    isDeleted: false,
    sizeBytes: stored.sizeBytes,
    content: stored.root,
    contentType,
    metadata,
    headers,
    digest: keptDigest(options.digest?.()),
  };
  const { annotations } = options;
  return writeVersion(core, path, {
    draft,
    storedFor: bucket,
    beside: stored.write,
    annotations,
    allow: allowOf(path, options),
  });
}

export async function deleteObject(
  core: Core,
  path: ObjectPath,
  options: DeleteOptions = {},
): Promise<Version> {
  core.guard.assertNotReadOnly();
  const { versioning } = (await core.buckets.open(path)).record.options;
  const isForced = options.isMarkerForced === true && versioning !== "off";
  return writeVersion(core, path, {
    draft: DELETE_DRAFT,
    allow: (latest) => {
      if (!isForced && (latest === undefined || latest.isDeleted)) throw objectNotFound(path);
      options.allow?.(latest);
    },
  });
}

export async function copyObject(
  core: Core,
  from: ObjectPath,
  to: ObjectPath,
  options: CopyOptions = {},
): Promise<Version> {
  const admitted = core.guard.admit(0);
  if (admitted !== undefined) await admitted;
  const source = await findVersion(core, from, options.fromVersion);
  if (source.isDeleted) throw objectNotFound(from);
  options.allowFrom?.(source);
  const bucket = await core.buckets.open(to);
  const stored = await contentFor(core, bucket, { path: from, version: source }, options.signal);
  const draft = {
    isDeleted: false,
    sizeBytes: source.sizeBytes,
    content: stored.root,
    contentType:
      options.contentType === undefined ? source.contentType : checkContentType(options.contentType),
    metadata: options.metadata === undefined ? source.metadata : checkMetadata(options.metadata),
    headers: options.headers === undefined ? source.headers : checkHeaders(options.headers),
    digest: source.digest,
  };
  checkNotAborted(options.signal);
  return writeVersion(core, to, {
    draft,
    storedFor: bucket,
    beside: stored.write,
    annotations: options.annotations,
    allow: allowOf(to, options),
  });
}

/** The content of a version for another one: as it is, or read and stored anew where another vault, or none, keeps the bucket's content. */
async function contentFor(
  core: Core,
  bucket: OpenBucket,
  source: { readonly path: ObjectPath; readonly version: Version },
  signal: AbortSignal | undefined,
): Promise<Pick<StoredContent, "root" | "write">> {
  const { content } = source.version;
  const from = inVault(core, await core.buckets.open(source.path));
  const to = inVault(core, bucket);
  if (from.vault !== to.vault) {
    const { chunking } = bucket.record.options;
    const { sizeBytes } = source.version;
    return storeContent(to, readRoot(from, content, { signal }), { chunking, sizeBytes, signal });
  }
  // Claims what is reused, so that collection cannot take it before the new version stands.
  await requireContent(to, [source.version]);
  return { root: content, write: undefined };
}

async function storeBody(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  { body, options }: { readonly body: AsyncIterable<Uint8Array> | Uint8Array; readonly options: PutOptions },
): Promise<StoredContent> {
  checkPromisedSize(options.sizeBytes);
  const admitted = core.guard.admit(options.sizeBytes ?? 0);
  if (admitted !== undefined) await admitted;
  if (body instanceof Uint8Array && body.length <= SMALL_CONTENT_BYTES_MAX) {
    checkWhole(body, options);
    return { ...smallContentOf(inVault(core, bucket), body), sizeBytes: body.length };
  }
  await requireEarly(core, bucket, path, options);
  return storeContent(inVault(core, bucket), body, { ...options, chunking: bucket.record.options.chunking });
}

/** Asked again in the commit; here it spares taking a body that would be refused. */
async function requireEarly(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  options: PutOptions,
): Promise<void> {
  const { ifLatest, allow, annotations, sizeBytes } = options;
  checkAnnotations(core, bucket, annotations);
  const { quotaBytes, quotaObjects } = bucket.record.options;
  const hasQuota = quotaBytes !== undefined || quotaObjects !== undefined;
  if (ifLatest === undefined && allow === undefined && !hasQuota) return;
  const current = await readObject(core.records, bucket, path.object);
  const latest = current?.latest;
  allowOf(path, options)?.(latest);
  if (!hasQuota) return;
  const objects = latest === undefined || latest.isDeleted ? 1 : 0;
  await core.quotas.requireRoom(bucket, { objects, bytes: (sizeBytes ?? 0) - (latest?.sizeBytes ?? 0) });
}

function allowOf(
  path: ObjectPath,
  { ifLatest, allow }: Pick<PutOptions, "ifLatest" | "allow">,
): WriteOptions["allow"] {
  if (ifLatest === undefined) return allow;
  return (latest) => {
    requireLatest(path, ifLatest, latest);
    allow?.(latest);
  };
}
