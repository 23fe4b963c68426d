/** Finding open uploads, and committing under them while they are open. */
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Check, RecordKey, Write } from "../../engine/meta-store.ts";
import { escapeName, formatObjectPath, type ObjectName, type ObjectPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended } from "../core/core.ts";
import { openUploadKey, openUploadsPrefix, UPLOAD_ID_BYTES } from "../keys.ts";
import type { Upload, UploadId } from "../uploads.ts";
import { decodeUpload } from "./upload-record.ts";

const ID_PATTERN = /^[0-9a-f]{32}$/;

/** An upload as it was read; `check` holds while it is open, for its record never changes. */
export interface OpenUpload {
  readonly upload: Upload;
  readonly bucket: OpenBucket;
  readonly id: Uint8Array;
  readonly key: RecordKey;
  readonly check: Check;
}

/** The raw id; undefined: the text is none. */
export function uploadIdBytes(id: UploadId): Uint8Array | undefined {
  return ID_PATTERN.test(id) ? new Uint8Array(Buffer.from(id, "hex")) : undefined;
}

/** @throws BUCKET_NOT_FOUND, UPLOAD_NOT_FOUND */
export async function openUpload(core: Core, path: ObjectPath, id: UploadId): Promise<OpenUpload> {
  const found = await findUpload(core, path, id);
  if (found === undefined) throw uploadNotFound(path, id);
  return found;
}

/** undefined: it is not open, or of another object. @throws BUCKET_NOT_FOUND */
export async function findUpload(
  core: Core,
  path: ObjectPath,
  id: UploadId,
): Promise<OpenUpload | undefined> {
  const bucket = await core.buckets.open(path);
  const idBytes = uploadIdBytes(id);
  if (idBytes === undefined) return undefined;
  const key = openUploadKey(bucket.keys, path.object, idBytes);
  const bytes = await core.records.get(key);
  if (bytes === undefined) return undefined;
  const upload = decodeUpload(path.object, id, bytes);
  return { upload, bucket, id: idBytes, key, check: { key, expected: bytes } };
}

/** Commits what the upload being open allows. @throws BUCKET_NOT_FOUND, UPLOAD_NOT_FOUND, BUSY, NO_SPACE, READ_ONLY */
export async function commitUnder(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  writesOf: (open: OpenUpload) => readonly Write[],
): Promise<void> {
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const open = await openUpload(core, path, id);
    const outcome = await core.guard.commit({
      checks: [open.check, open.bucket.check],
      writes: writesOf(open),
    });
    if (outcome.isCommitted) return;
    core.buckets.forget(path);
  }
  throw contended(`upload ${id}`);
}

/** Name and id in the key of an open upload. @throws RECORD_CORRUPT */
export function uploadPlace(
  bucket: OpenBucket,
  key: RecordKey,
): { readonly name: ObjectName; readonly id: UploadId } {
  const start = openUploadsPrefix(bucket.keys).length;
  const end = key.length - UPLOAD_ID_BYTES - 1;
  if (end <= start) throw new EfsError("RECORD_CORRUPT", "the key of an upload is too short");
  const name = Buffer.from(key.subarray(start, end)).toString() as ObjectName;
  return { name, id: toHex(key.subarray(end + 1)) };
}

export function uploadNotFound(path: ObjectPath, id: UploadId): EfsError {
  const object = formatObjectPath(path);
  return new EfsError(
    "UPLOAD_NOT_FOUND",
    `no upload ${escapeName(id.slice(0, 64))} of ${escapeName(object)}`,
    {
      hint: "it was completed or aborted, or it never was",
      details: { object },
    },
  );
}
