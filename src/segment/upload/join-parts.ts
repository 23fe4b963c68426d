/** Parts that become one content: compared with the list, put under one tree, their digests joined. */
import { createHash } from "node:crypto";
import { concat, equalBytes } from "../../base/bytes.ts";
import { type CombinableCrc, combineCrcs } from "../../base/crc-combine.ts";
import { EfsError } from "../../base/errors.ts";
import { checksumMaker } from "../../model/checksum.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";
import type { Checksum, ContentDigest } from "../../model/version.ts";
import { CODEC_PLAIN } from "../chunk/codec.ts";
import { rootReferences } from "../chunk/tree-slice.ts";
import { readRoot } from "../content/read-root.ts";
import type { Core } from "../core/core.ts";
import { partKey } from "../keys.ts";
import { type CompletedPart, PART_BYTES_MIN, type Upload } from "../uploads.ts";
import { putPieces } from "../vault/in-vault.ts";
import type { OpenUpload } from "./find-upload.ts";
import { joinReferences } from "./join-tree.ts";
import { decodePart, type StoredPart } from "./part-record.ts";
import { badPart } from "./put-part.ts";

const GET_RECORDS_MAX = 1000;

/** The listed parts as they are stored. @throws BAD_PART, PART_TOO_SMALL */
export async function listedParts(
  core: Core,
  { bucket, id, upload }: OpenUpload,
  parts: readonly CompletedPart[],
): Promise<readonly StoredPart[]> {
  const stored: StoredPart[] = [];
  for (let start = 0; start < parts.length; start += GET_RECORDS_MAX) {
    const page = parts.slice(start, start + GET_RECORDS_MAX);
    const values = await core.records.getMany(page.map(({ number }) => partKey(bucket.keys, id, number)));
    page.forEach((listed, index) => {
      const value = values[index];
      const part = value === undefined ? undefined : decodePart(listed.number, value);
      stored.push(requireFit(upload, listed, part));
    });
  }
  // What is not there at all is told first.
  for (const part of stored.slice(0, -1)) requireLong(part);
  return stored;
}

function requireFit(upload: Upload, listed: CompletedPart, part: StoredPart | undefined): StoredPart {
  const { number } = listed;
  if (part === undefined) throw badPart(number, "absent", "was never uploaded");
  if (!equalBytes(part.md5, listed.md5)) throw badPart(number, "md5", "has another MD5 than the list says");
  if (upload.checksum !== undefined && part.checksum === undefined) {
    throw badPart(number, "checksum", `has no checksum by ${upload.checksum.algorithm}`);
  }
  if (listed.checksum !== undefined && !equalBytes(part.checksum ?? new Uint8Array(), listed.checksum)) {
    throw badPart(number, "checksum", "has another checksum than the list says");
  }
  return part;
}

function requireLong({ number, sizeBytes }: StoredPart): void {
  if (sizeBytes >= PART_BYTES_MIN) return;
  throw new EfsError(
    "PART_TOO_SMALL",
    `part ${number} has ${sizeBytes} bytes; all but the last need ${PART_BYTES_MIN}`,
    { details: { number, sizeBytes, bytesMin: PART_BYTES_MIN } },
  );
}

/** The root over all parts; durable with all its nodes. @throws TOO_LARGE, NO_SPACE, READ_ONLY */
export async function joinParts(core: Core, parts: readonly StoredPart[]): Promise<ContentRoot> {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.root;
  return joinReferences(core, partReferences(core, parts));
}

async function* partReferences(core: Core, parts: readonly StoredPart[]): AsyncGenerator<Reference> {
  for (const { root } of parts) {
    if (root.kind === "small") yield await smallAsChunk(core, root);
    else yield* rootReferences(root);
  }
}

/** Small content is no part of trees, so it becomes a chunk; its id is the same. */
async function smallAsChunk(core: Core, root: Extract<ContentRoot, { kind: "small" }>): Promise<Reference> {
  const { id, lengthBytes } = root;
  const pieces: Uint8Array[] = [];
  for await (const piece of readRoot(core, root)) pieces.push(piece);
  await putPieces(core, [
    { key: id, codec: CODEC_PLAIN, keyId: 0, plainBytes: lengthBytes, bytes: concat(pieces) },
  ]);
  return { kind: "chunk", id, skipBytes: 0, lengthBytes };
}

/** The digest of the whole: MD5 of the parts' MD5s, the checksum of the kind that the upload asked for, the part table. */
export function joinDigests(upload: Upload, parts: readonly StoredPart[]): ContentDigest {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(part.md5);
  return {
    md5: new Uint8Array(md5.digest()),
    checksum: wholeChecksum(upload, parts),
    parts: parts.map(({ sizeBytes, checksum }) => ({ sizeBytes, checksum })),
  };
}

function wholeChecksum({ checksum }: Upload, parts: readonly StoredPart[]): Checksum | undefined {
  if (checksum === undefined) return undefined;
  const { algorithm, kind } = checksum;
  const values = parts.map((part) => ({
    sizeBytes: part.sizeBytes,
    value: part.checksum ?? new Uint8Array(),
  }));
  if (kind === "full") {
    // Others are refused when an upload begins.
    return { algorithm, kind, value: combineCrcs(algorithm as CombinableCrc, values) };
  }
  const maker = checksumMaker(algorithm);
  for (const { value } of values) maker.update(value);
  return { algorithm, kind, value: maker.digest() };
}
