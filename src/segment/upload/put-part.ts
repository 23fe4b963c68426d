/**
 * Parts: content is stored as a put's, then one commit makes the part's record, under the check that the upload is open. The last that commits
 * under a number counts; what it replaces stays as chunks that nothing names.
 */
import { EfsError } from "../../base/errors.ts";
import { SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { ObjectPath } from "../../model/names.ts";
import { checkNotAborted, checkPromisedSize, checkWhole } from "../content/body.ts";
import { smallContentOf } from "../content/small-content.ts";
import { type StoredContent, storeContent } from "../content/store-content.ts";
import { type Core, nowMs } from "../core/core.ts";
import { partKey } from "../keys.ts";
import {
  PART_BYTES_MAX,
  PART_NUMBER_MAX,
  type PutPartOptions,
  type Upload,
  type UploadedPart,
  type UploadId,
} from "../uploads.ts";
import { inVault } from "../vault/in-vault.ts";
import { commitUnder, openUpload } from "./find-upload.ts";
import { encodePart, type StoredPart } from "./part-record.ts";

const MD5_BYTES = 16;

/** A part that is stored and not yet recorded. */
export type PartDraft = Pick<StoredPart, "number" | "md5" | "checksum"> & { readonly content: StoredContent };

export async function putPart(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  part: {
    readonly number: number;
    readonly body: AsyncIterable<Uint8Array> | Uint8Array;
    readonly options: PutPartOptions;
  },
): Promise<UploadedPart> {
  const { number, body, options } = part;
  checkPartNumber(number);
  checkPartSize(options.sizeBytes ?? (body instanceof Uint8Array ? body.length : 0));
  checkPromisedSize(options.sizeBytes);
  const { upload, bucket } = await openUpload(core, path, id);
  const admitted = core.guard.admit(options.sizeBytes ?? 0);
  if (admitted !== undefined) await admitted;
  const content = await storeBody(inVault(core, bucket), body, {
    ...options,
    chunking: bucket.record.options.chunking,
  });
  const digest = options.digest();
  const md5 = digest.md5;
  if (md5?.length !== MD5_BYTES) throw badPart(number, "md5", "has no MD5");
  checkNotAborted(options.signal);
  return recordPart(core, path, id, {
    number,
    md5,
    checksum: partChecksum(upload, number, digest.checksum),
    content,
  });
}

/** The commit that makes a part. @throws UPLOAD_NOT_FOUND, BUSY, NO_SPACE, READ_ONLY */
export async function recordPart(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  { number, md5, checksum, content }: PartDraft,
): Promise<UploadedPart> {
  const { root, sizeBytes, write } = content;
  const stored: StoredPart = { number, sizeBytes, md5, checksum, modifiedMs: nowMs(core), root };
  await commitUnder(core, path, id, (open) => {
    const record = { key: partKey(open.bucket.keys, open.id, number), value: encodePart(stored) };
    return write === undefined ? [record] : [record, write];
  });
  return { number, sizeBytes, md5, checksum, modifiedMs: stored.modifiedMs };
}

/** @throws BAD_PART */
export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= PART_NUMBER_MAX) return;
  throw badPart(number, "number", `is not from 1 to ${PART_NUMBER_MAX}`);
}

/** @throws TOO_LARGE */
export function checkPartSize(sizeBytes: number): void {
  if (sizeBytes <= PART_BYTES_MAX) return;
  throw new EfsError("TOO_LARGE", `a part of ${sizeBytes} bytes is longer than ${PART_BYTES_MAX} bytes`);
}

/** `reason` is for gateways, the text for people. */
export function badPart(number: number, reason: string, text: string): EfsError {
  return new EfsError("BAD_PART", `part ${number} ${text}`, { details: { number, reason } });
}

function partChecksum(
  upload: Upload,
  number: number,
  checksum: ReturnType<PutPartOptions["digest"]>["checksum"],
): Uint8Array | undefined {
  if (checksum === undefined) return undefined;
  if (upload.checksum?.algorithm === checksum.algorithm) return checksum.value;
  const wanted = upload.checksum?.algorithm ?? "none";
  throw badPart(number, "algorithm", `has a checksum by ${checksum.algorithm}, the upload by ${wanted}`);
}

async function storeBody(
  core: Core,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: Parameters<typeof storeContent>[2],
): Promise<StoredContent> {
  if (!(body instanceof Uint8Array)) {
    return storeContent(core, options.sizeBytes === undefined ? limited(body) : body, options);
  }
  if (body.length > SMALL_CONTENT_BYTES_MAX) return storeContent(core, body, options);
  checkWhole(body, options);
  return { ...smallContentOf(core, body), sizeBytes: body.length };
}

async function* limited(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const piece of body) {
    sizeBytes += piece.length;
    checkPartSize(sizeBytes);
    yield piece;
  }
}
