/** Beginning, showing, ending uploads. */
import { concat, toHex, utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { KeyedMutex } from "../../base/limiter.ts";
import type { BucketPath, ObjectPath } from "../../model/names.ts";
import { checkAnnotations } from "../annotation/annotation-writes.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs, scanAll } from "../core/core.ts";
import { openUploadKey, openUploadsPrefix, rangeOf, UPLOAD_ID_BYTES } from "../keys.ts";
import { checkContentType, checkHeaders, checkMetadata } from "../object/attributes.ts";
import type { Upload, UploadId, UploadOptions } from "../uploads.ts";
import { commitUnder, uploadPlace } from "./find-upload.ts";
import type { Sweeper } from "./sweeper.ts";
import { checkChecksum, decodeUpload, encodeUpload } from "./upload-record.ts";

/** What the calls of uploads share. */
export interface UploadContext {
  readonly core: Core;
  readonly sweeper: Sweeper;
  /** One that ends an upload at a time, by its id. */
  readonly endings: KeyedMutex;
}

const TIME_BYTES = 6;

export async function createUpload(
  core: Core,
  path: ObjectPath,
  options: UploadOptions = {},
): Promise<Upload> {
  core.guard.assertNotReadOnly();
  checkChecksum(options.checksum);
  const admitted = core.guard.admit(0);
  if (admitted !== undefined) await admitted;
  const createdMs = nowMs(core);
  const id = newId(core, createdMs);
  const upload: Upload = {
    id: toHex(id),
    object: path.object,
    createdMs,
    contentType: checkContentType(options.contentType),
    metadata: checkMetadata(options.metadata),
    headers: checkHeaders(options.headers),
    annotations: options.annotations,
    checksum: options.checksum,
    initiator: options.initiator,
  };
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const bucket = await core.buckets.open(path);
    checkAnnotations(core, bucket, upload.annotations);
    const key = openUploadKey(bucket.keys, path.object, id);
    const outcome = await core.guard.commit({
      checks: [{ key, expected: undefined }, bucket.check],
      writes: [{ key, value: encodeUpload(upload) }],
    });
    if (outcome.isCommitted) return upload;
    core.buckets.forget(path);
  }
  throw contended(`upload ${upload.id}`);
}

export async function abortUpload(context: UploadContext, path: ObjectPath, id: UploadId): Promise<void> {
  const { core, sweeper, endings } = context;
  core.guard.assertNotReadOnly();
  await endings.run(id, async () => {
    let sweep = () => {};
    await commitUnder(core, path, id, (open) => {
      const { keys } = open.bucket;
      sweep = () => sweeper.sweep(keys, open.id);
      return [{ key: open.key, value: undefined }, sweeper.mark(keys, open.id)];
    });
    sweep();
  });
}

export async function expireUploads(
  context: UploadContext,
  path: BucketPath,
  prefix: string,
  beforeMs: number,
): Promise<number> {
  const { core } = context;
  const bucket = await core.buckets.open(path);
  const range = rangeOf(concat([openUploadsPrefix(bucket.keys), utf8(prefix)]));
  let count = 0;
  for await (const { key, value } of scanAll(core.records, range)) {
    const { name, id } = uploadPlace(bucket, key);
    if (decodeUpload(name, id, value).createdMs >= beforeMs) continue;
    try {
      await abortUpload(context, { ...path, object: name }, id);
      count += 1;
    } catch (thrown) {
      // Others ended it meanwhile.
      if (!(thrown instanceof EfsError && thrown.code === "UPLOAD_NOT_FOUND")) throw thrown;
    }
  }
  return count;
}

function newId(core: Core, createdMs: number): Uint8Array {
  const id = new Uint8Array(UPLOAD_ID_BYTES);
  const view = new DataView(id.buffer);
  view.setUint16(0, Math.floor(createdMs / 2 ** 32));
  view.setUint32(2, createdMs % 2 ** 32);
  id.set(core.random.bytes(UPLOAD_ID_BYTES - TIME_BYTES), TIME_BYTES);
  return id;
}
