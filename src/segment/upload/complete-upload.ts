/**
 * Completing an upload: its parts are read and compared with the list, one tree is made over their roots, and one commit makes the version, ends
 * the upload and notes for a while what was made of it, so that the same request again gets the same answer. O(parts); no data moves.
 */
import { createHash } from "node:crypto";
import { equalBytes, toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Write } from "../../engine/meta-store.ts";
import type { AnnotationChange } from "../../model/annotation.ts";
import { keptDigest } from "../../model/digest-codec.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, nowMs } from "../core/core.ts";
import { completedUploadKey, completedUploadsPrefix, rangeOf } from "../keys.ts";
import { type Beside, writeVersion } from "../object/write-version.ts";
import type { CompletedPart, CompleteOptions, Upload, UploadId } from "../uploads.ts";
import { inVault } from "../vault/in-vault.ts";
import { findUpload, type OpenUpload, uploadIdBytes, uploadNotFound } from "./find-upload.ts";
import { joinDigests, joinParts, listedParts } from "./join-parts.ts";
import { decodeCompleted, encodeCompleted } from "./part-record.ts";
import { badPart, checkPartNumber } from "./put-part.ts";
import type { UploadContext } from "./upload-store.ts";

/** How long the same request gets the same answer. */
export const COMPLETED_KEPT_MS = 60 * 60_000;
/** So many older notes are looked at by each commit that adds one. */
const NOTES_SWEPT = 4;

export async function completeUpload(
  context: UploadContext,
  path: ObjectPath,
  id: UploadId,
  {
    parts,
    options = {},
  }: { readonly parts: readonly CompletedPart[]; readonly options?: CompleteOptions | undefined },
): Promise<Version> {
  checkList(parts);
  const listDigest = digestOfList(parts);
  return context.endings.run(id, async () => {
    const open = await findUpload(context.core, path, id);
    if (open === undefined) return completedBefore(context.core, path, id, listDigest);
    return complete(context, path, open, { parts, options, listDigest });
  });
}

async function complete(
  context: UploadContext,
  path: ObjectPath,
  open: OpenUpload,
  request: {
    readonly parts: readonly CompletedPart[];
    readonly options: CompleteOptions;
    readonly listDigest: Uint8Array;
  },
): Promise<Version> {
  const { core, sweeper } = context;
  const { parts, options, listDigest } = request;
  const { upload } = open;
  const admitted = core.guard.admit(0);
  if (admitted !== undefined) await admitted;
  const listed = await listedParts(core, open, parts);
  const digest = joinDigests(upload, listed);
  const sizeBytes = listed.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (options.sizeBytes !== undefined && options.sizeBytes !== sizeBytes) {
    throw badPart(parts.length, "size", `ends an object of ${sizeBytes} bytes, not ${options.sizeBytes}`);
  }
  const whole = digest.checksum?.value ?? new Uint8Array();
  if (options.checksum !== undefined && !equalBytes(options.checksum, whole)) {
    throw badPart(parts.length, "whole", `ends an object of another checksum: ${toHex(whole)}`);
  }
  const version = await writeVersion(core, path, {
    draft: {
      isDeleted: false,
      sizeBytes,
      content: await joinParts(inVault(core, open.bucket), listed),
      contentType: upload.contentType,
      metadata: upload.metadata ?? {},
      headers: upload.headers ?? {},
      digest: keptDigest(digest),
    },
    storedFor: open.bucket,
    annotations: stillSound(core, upload),
    allow: options.allow,
    also: async (bucket, made) => {
      if ((await core.records.get(open.key)) === undefined) throw uploadNotFound(path, upload.id);
      return ending(context, bucket, open, { listDigest, version: made });
    },
  });
  sweeper.sweep(open.bucket.keys, open.id);
  return version;
}

/** A retention that ended before the upload did binds nothing, and must not stand in the way for ever. */
function stillSound(core: Core, { annotations }: Upload): AnnotationChange | undefined {
  const retention = annotations?.retention;
  if (retention === undefined || retention === null || retention.untilMs > nowMs(core)) return annotations;
  return { ...annotations, retention: undefined };
}

async function ending(
  { core, sweeper }: UploadContext,
  bucket: OpenBucket,
  open: OpenUpload,
  made: { readonly listDigest: Uint8Array; readonly version: Version },
): Promise<Beside> {
  const completed = { key: completedUploadKey(bucket.keys, open.id), value: noteOf(core, made) };
  return {
    checks: [open.check],
    writes: [
      { key: open.key, value: undefined },
      completed,
      sweeper.mark(bucket.keys, open.id),
      ...(await outdated(core, bucket)),
    ],
  };
}

function noteOf(
  core: Core,
  made: { readonly listDigest: Uint8Array; readonly version: Version },
): Uint8Array {
  return encodeCompleted({ ...made, completedMs: nowMs(core) });
}

/** Removes old notes, so that they do not gather. */
async function outdated(core: Core, bucket: OpenBucket): Promise<readonly Write[]> {
  const page = await core.records.scan({
    ...rangeOf(completedUploadsPrefix(bucket.keys)),
    limit: NOTES_SWEPT,
  });
  const beforeMs = nowMs(core) - COMPLETED_KEPT_MS;
  return page.records
    .filter(({ value }) => decodeCompleted(value).completedMs < beforeMs)
    .map(({ key }) => ({ key, value: undefined }));
}

/** @throws UPLOAD_NOT_FOUND */
async function completedBefore(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  listDigest: Uint8Array,
): Promise<Version> {
  const bucket = await core.buckets.open(path);
  const idBytes = uploadIdBytes(id);
  const bytes =
    idBytes === undefined ? undefined : await core.records.get(completedUploadKey(bucket.keys, idBytes));
  if (bytes === undefined) throw uploadNotFound(path, id);
  const completed = decodeCompleted(bytes);
  const isSame = completed.version.object === path.object && equalBytes(completed.listDigest, listDigest);
  if (!isSame) throw uploadNotFound(path, id);
  return completed.version;
}

/** @throws PART_ORDER, BAD_PART */
function checkList(parts: readonly CompletedPart[]): void {
  if (parts.length === 0) throw badPart(0, "absent", "is the last of an empty list");
  let before = 0;
  for (const { number } of parts) {
    checkPartNumber(number);
    if (number <= before) {
      throw new EfsError("PART_ORDER", `part ${number} comes behind part ${before}`, {
        hint: "list the parts in ascending order, each once",
      });
    }
    before = number;
  }
}

function digestOfList(parts: readonly CompletedPart[]): Uint8Array {
  const hash = createHash("sha256");
  for (const { number, md5 } of parts) hash.update(`${number} ${toHex(md5)}\n`);
  return new Uint8Array(hash.digest());
}
