/**
 * A part from a range of an object. Its tree is made anew from the chunks below, never from the source's nodes: else an object that is appended to by
 * copying it into the next one would grow a level each time, beyond the depth that readers take.
 */
import { createHash } from "node:crypto";
import { concat } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { checksumMaker } from "../../model/checksum.ts";
import { SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";
import type { Version } from "../../model/version.ts";
import { leaves } from "../chunk/tree-reader.ts";
import { fetcherOf } from "../content/fetch-pieces.ts";
import { readRoot } from "../content/read-root.ts";
import { smallContentOf } from "../content/small-content.ts";
import { type StoredContent, storeContent } from "../content/store-content.ts";
import type { Core } from "../core/core.ts";
import { findVersion, objectNotFound } from "../object/read-object.ts";
import type { PartSource, Upload, UploadedPart, UploadId } from "../uploads.ts";
import { inVault } from "../vault/in-vault.ts";
import { openUpload } from "./find-upload.ts";
import { joinReferences } from "./join-tree.ts";
import { checkPartNumber, checkPartSize, type PartDraft, recordPart } from "./put-part.ts";

interface ByteRange {
  readonly startByte: number;
  readonly endByte: number;
}

export async function copyPart(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  { number, from }: { readonly number: number; readonly from: PartSource },
): Promise<UploadedPart> {
  checkPartNumber(number);
  const { upload, bucket } = await openUpload(core, path, id);
  const source = await findVersion(core, from.path, from.version);
  if (source.isDeleted) throw objectNotFound(from.path);
  from.allow?.(source);
  const range = rangeWithin(source, from.range);
  checkPartSize(range.endByte - range.startByte);
  const admitted = core.guard.admit(0);
  if (admitted !== undefined) await admitted;
  const fromCore = inVault(core, await core.buckets.open(from.path));
  const toCore = inVault(core, bucket);
  const digest =
    knownDigest(upload, source, range) ?? (await measure(fromCore, upload, source, range, from.signal));
  const content =
    fromCore.vault === toCore.vault
      ? await sliceContent(toCore, source.content, range)
      : await storeContent(toCore, readRoot(fromCore, source.content, { ...range, signal: from.signal }), {
          chunking: bucket.record.options.chunking,
          sizeBytes: range.endByte - range.startByte,
          signal: from.signal,
        });
  return recordPart(core, path, id, { number, ...digest, content });
}

/** @throws BAD_VALUE */
function rangeWithin(source: Version, range: PartSource["range"]): ByteRange {
  const { startByte, endByte } = range ?? { startByte: 0, endByte: source.sizeBytes };
  const isSound =
    Number.isSafeInteger(startByte) &&
    Number.isSafeInteger(endByte) &&
    startByte >= 0 &&
    endByte >= startByte &&
    endByte <= source.sizeBytes;
  if (isSound) return { startByte, endByte };
  throw new EfsError("BAD_VALUE", `not a range of ${source.sizeBytes} bytes: ${startByte} to ${endByte}`, {
    details: { sizeBytes: source.sizeBytes },
  });
}

type Digest = Pick<PartDraft, "md5" | "checksum">;

/** Of content that is taken whole and was measured when it came. */
function knownDigest({ checksum }: Upload, source: Version, range: ByteRange): Digest | undefined {
  const { digest } = source;
  const isWhole = range.startByte === 0 && range.endByte === source.sizeBytes;
  if (!isWhole || digest?.md5 === undefined || digest.parts.length > 0) return undefined;
  if (checksum === undefined) return { md5: digest.md5, checksum: undefined };
  const isSame = digest.checksum?.algorithm === checksum.algorithm && digest.checksum.kind === "full";
  return isSame ? { md5: digest.md5, checksum: digest.checksum?.value } : undefined;
}

async function measure(
  core: Core,
  { checksum }: Upload,
  source: Version,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const md5 = createHash("md5");
  const maker = checksum === undefined ? undefined : checksumMaker(checksum.algorithm);
  for await (const piece of readRoot(core, source.content, { ...range, signal })) {
    md5.update(piece);
    maker?.update(piece);
  }
  return { md5: new Uint8Array(md5.digest()), checksum: maker?.digest() };
}

async function sliceContent(core: Core, root: ContentRoot, range: ByteRange): Promise<StoredContent> {
  const sizeBytes = range.endByte - range.startByte;
  if (sizeBytes > SMALL_CONTENT_BYTES_MAX) {
    return { root: await joinReferences(core, referencesIn(core, root, range)), sizeBytes, write: undefined };
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of readRoot(core, root, range)) pieces.push(piece);
  return { ...smallContentOf(core, concat(pieces)), sizeBytes };
}

/** Chunks and zeros of a range, from the nodes alone. */
async function* referencesIn(core: Core, root: ContentRoot, range: ByteRange): AsyncGenerator<Reference> {
  const { startByte, endByte } = range;
  const source = leaves(fetcherOf(core), root, { skipBytes: startByte, lengthBytes: endByte - startByte });
  for await (const { piece, skipBytes, lengthBytes } of source) {
    if (piece === undefined) yield { kind: "zeros", lengthBytes };
    else yield { kind: "chunk", id: piece.id, skipBytes, lengthBytes };
  }
}
