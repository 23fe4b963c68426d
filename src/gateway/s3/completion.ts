/** The request of CompleteMultipartUpload: the list in its body, and what its headers say of the whole object. */
import { fromHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { CHECKSUM_BYTES } from "../../model/digest-codec.ts";
import { PARTS_MAX } from "../../model/limits.ts";
import { CHECKSUM_ALGORITHMS } from "../../model/version.ts";
import { type CompletedPart, PART_BYTES_MIN, type Upload } from "../../segment/uploads.ts";
import { CHECKSUM_WORDS, checksumTypeOf } from "./checksum-headers.ts";
import { S3Error } from "./errors.ts";
import { parseEtagList } from "./etag.ts";
import { kindOf, type UploadChecksum } from "./multipart-checksum.ts";
import { partNumberOf } from "./multipart-request.ts";
import type { ListedPart } from "./part-list.ts";

type Headers = ReadonlyMap<string, string>;

const OBJECT_SIZE = "x-amz-mp-object-size";
const TYPE = "x-amz-checksum-type";
const MD5_BYTES = 16;

/** @throws MalformedXML, InvalidArgument (part number), InvalidPart (an ETag that is none of ours) */
export function completedParts(
  list: readonly ListedPart[],
  upload: Upload | undefined,
): readonly CompletedPart[] {
  if (list.length === 0 || list.length > PARTS_MAX) {
    throw new S3Error("MalformedXML", `A list has 1 to ${PARTS_MAX} parts, this one ${list.length}`);
  }
  return list.map((element) => {
    const number = partNumberOf(requiredText(element, "PartNumber").trim(), "PartNumber");
    const etag = requiredText(element, "ETag");
    const md5 = fromHex(parseEtagList(etag)[0] ?? "");
    if (md5?.length !== MD5_BYTES) throw invalidPart(number, etag);
    return { number, md5, checksum: partChecksum(element, number, upload?.checksum) };
  });
}

function requiredText(element: ListedPart, name: string): string {
  const text = element.textOf(name);
  if (text === undefined) throw new S3Error("MalformedXML", `Part must hold ${name}`);
  return text;
}

/** The value of a part's own checksum in the list; undefined: none by the upload's algorithm. */
function partChecksum(
  element: ListedPart,
  number: number,
  checksum: UploadChecksum | undefined,
): Uint8Array | undefined {
  const text = checksum && element.textOf(`Checksum${CHECKSUM_WORDS[checksum.algorithm]}`)?.trim();
  if (checksum === undefined || text === undefined || text === "") return undefined;
  const value = new Uint8Array(Buffer.from(text, "base64"));
  if (value.length === CHECKSUM_BYTES[checksum.algorithm]) return value;
  throw invalidPart(number, element.textOf("ETag") ?? "");
}

/** `x-amz-mp-object-size`; undefined: not said. @throws InvalidRequest */
export function objectSizeOf(headers: Headers): number | undefined {
  const text = headers.get(OBJECT_SIZE);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new S3Error("InvalidRequest", `Value for ${OBJECT_SIZE} header is invalid.`);
}

/**
 * The checksum of the whole object that the headers give; undefined: none.
 * @throws InvalidRequest: of another algorithm or type than the upload's, or not a value
 */
export function wholeChecksum(headers: Headers, upload: Upload | undefined): Uint8Array | undefined {
  const given = CHECKSUM_ALGORITHMS.filter((algorithm) => headers.has(`x-amz-checksum-${algorithm}`));
  const type = headers.get(TYPE);
  // An upload that is over is answered by its list alone; one that asks for no checksum has none to compare with.
  const checksum = upload?.checksum;
  if (checksum === undefined) return undefined;
  if (type !== undefined && kindOf(type) !== checksum.kind) {
    throw new S3Error(
      "InvalidRequest",
      `The upload was created using the ${checksumTypeOf(checksum)} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const [algorithm] = given;
  if (algorithm === undefined) return undefined;
  const text = headers.get(`x-amz-checksum-${algorithm}`) ?? "";
  const value = new Uint8Array(Buffer.from(text.replace(/-\d{1,5}$/, ""), "base64"));
  const isFit =
    given.length === 1 && algorithm === checksum.algorithm && value.length === CHECKSUM_BYTES[algorithm];
  if (isFit) return value;
  throw new S3Error("InvalidRequest", `Value for x-amz-checksum-${algorithm} header is invalid.`);
}

/** What the segment found wrong with the list, in AWS's words; anything else as it is. */
export function completionFailure(
  thrown: unknown,
  request: { readonly parts: readonly CompletedPart[]; readonly uploadId: string },
): unknown {
  if (!(thrown instanceof EfsError)) return thrown;
  const number = Number(thrown.details?.number);
  const part = request.parts.find((listed) => listed.number === number);
  const etag = part === undefined ? "" : Buffer.from(part.md5).toString("hex");
  if (thrown.code === "PART_TOO_SMALL") {
    return new S3Error(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed object size.",
      {
        elements: {
          ProposedSize: String(thrown.details?.sizeBytes),
          MinSizeAllowed: String(PART_BYTES_MIN),
          PartNumber: String(number),
          ETag: etag,
        },
        cause: thrown,
      },
    );
  }
  if (thrown.code !== "BAD_PART") return thrown;
  if (thrown.details?.reason === "size") {
    return new S3Error(
      "InvalidRequest",
      `The provided '${OBJECT_SIZE}' header does not match what was computed.`,
      { cause: thrown },
    );
  }
  if (thrown.details?.reason === "whole") {
    return new S3Error("BadDigest", "The checksum you specified did not match the calculated checksum.", {
      cause: thrown,
    });
  }
  return invalidPart(number, etag, request.uploadId, thrown);
}

function invalidPart(number: number, etag: string, uploadId?: string, cause?: unknown): S3Error {
  return new S3Error(
    "InvalidPart",
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    {
      elements: {
        ...(uploadId === undefined ? {} : { UploadId: uploadId }),
        PartNumber: String(number),
        ETag: etag.slice(0, 256),
      },
      cause,
    },
  );
}
