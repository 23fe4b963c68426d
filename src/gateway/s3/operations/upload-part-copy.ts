/** UploadPartCopy: one part from an object, or from a range of it; no data moves. */
import { toHex } from "../../../base/bytes.ts";
import { EfsError } from "../../../base/errors.ts";
import type { Version } from "../../../model/version.ts";
import { PART_BYTES_MAX } from "../../../segment/uploads.ts";
import type { Action, ObjectContext } from "../action.ts";
import { copySourceGuard } from "../conditions.ts";
import { authoriseSource, type CopySource, copySourceOf, sourceFailure } from "../copy-source.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { S3Error } from "../errors.ts";
import { isoDate } from "../listed-object.ts";
import { partChecksumElements } from "../multipart-checksum.ts";
import { partNumberOf, uploadIdOf } from "../multipart-request.ts";
import { refuseEncryption } from "../object-headers.ts";
import { shownVersionId } from "../version-headers.ts";
import { xmlAnswer } from "../xml-answer.ts";

const RANGE = "x-amz-copy-source-range";

export const uploadPartCopy: Action = inEncryptedBucket({
  name: "UploadPartCopy",
  target: "object",
  match: { method: "PUT", query: ["partNumber", "uploadId"], headers: ["x-amz-copy-source"] },
  permission: "s3:PutObject",
  run: async (context, request) => {
    const { query, headers, signal } = request;
    refuseEncryption(headers);
    const number = partNumberOf(query.get("partNumber"));
    const uploadId = uploadIdOf(request);
    const range = rangeOf(headers.get(RANGE));
    const source = copySourceOf(context, headers);
    await authoriseSource(context, source);
    const { uploads } = context.segment;
    const upload = await uploads.show(context.object, uploadId);
    const guard = copySourceGuard(headers);
    let from: Version | undefined;
    const allow = (version: Version) => {
      from = version;
      guard?.(version);
      requireWithin(range, version);
    };
    const part = await uploads
      .copyPart(context.object, uploadId, number, {
        path: source.path,
        version: source.version,
        range,
        allow,
        signal,
      })
      .catch((thrown: unknown) => rethrow(context, source, thrown));
    return xmlAnswer(
      "CopyPartResult",
      {
        LastModified: isoDate(part.modifiedMs),
        ETag: `"${toHex(part.md5)}"`,
        ...partChecksumElements(upload, part.checksum),
      },
      {
        "x-amz-copy-source-version-id":
          from === undefined ? undefined : shownVersionId(from, source.versionId),
      },
    );
  },
});

interface ByteRange {
  readonly startByte: number;
  readonly endByte: number;
}

/** `bytes=first-last`, both given; undefined: all of it. @throws InvalidArgument */
function rangeOf(text: string | undefined): ByteRange | undefined {
  if (text === undefined) return undefined;
  const [, first, last] = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(text) ?? [];
  const range = { startByte: Number(first), endByte: Number(last) + 1 };
  // Also false when there was no match.
  if (range.startByte < range.endByte) return range;
  throw new S3Error(
    "InvalidArgument",
    `The ${RANGE} value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy`,
    { elements: { ArgumentName: RANGE, ArgumentValue: text.slice(0, 256) } },
  );
}

/** @throws InvalidArgument, InvalidRequest */
function requireWithin(range: ByteRange | undefined, { sizeBytes }: Version): void {
  if (range !== undefined && range.endByte > sizeBytes) {
    throw new S3Error(
      "InvalidArgument",
      `Range specified is not valid for source object of size: ${sizeBytes}`,
      {
        elements: { ArgumentName: RANGE, ArgumentValue: `bytes=${range.startByte}-${range.endByte - 1}` },
      },
    );
  }
  const copiedBytes = range === undefined ? sizeBytes : range.endByte - range.startByte;
  if (copiedBytes <= PART_BYTES_MAX) return;
  throw new S3Error(
    "InvalidRequest",
    `The specified copy source is larger than the maximum allowable size for a copy source: ${PART_BYTES_MAX}`,
  );
}

async function rethrow(context: ObjectContext, source: CopySource, thrown: unknown): Promise<never> {
  const isOfUpload = thrown instanceof EfsError && thrown.code === "UPLOAD_NOT_FOUND";
  throw isOfUpload ? thrown : await sourceFailure(context, source, thrown);
}
