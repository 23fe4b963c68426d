/** CompleteMultipartUpload: the listed parts become the object. The same list again is answered the same. */
import { createHash } from "node:crypto";
import { equalBytes } from "../../../base/bytes.ts";
import { EfsError } from "../../../base/errors.ts";
import type { Upload } from "../../../segment/uploads.ts";
import type { Action, ObjectContext } from "../action.ts";
import { expectedMd5 } from "../auth/content-check.ts";
import { checksumElements } from "../checksum-elements.ts";
import { completedParts, completionFailure, objectSizeOf, wholeChecksum } from "../completion.ts";
import { writeGuard } from "../conditions.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { S3Error } from "../errors.ts";
import { quotedEtag } from "../etag.ts";
import { expirationHeader } from "../expiration-header.ts";
import { urlEncoded } from "../listing.ts";
import { uploadIdOf } from "../multipart-request.ts";
import { refuseEncryption } from "../object-headers.ts";
import { parsePartList } from "../part-list.ts";
import { shownVersionId } from "../version-headers.ts";
import { XML_BYTES_MAX } from "../wire/xml.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const completeMultipartUpload: Action = inEncryptedBucket({
  name: "CompleteMultipartUpload",
  target: "object",
  match: { method: "POST", query: ["uploadId"] },
  permission: "s3:PutObject",
  run: async (context, request) => {
    const { headers, body, baseUrl } = request;
    refuseEncryption(headers);
    const allow = writeGuard(headers);
    const sizeBytes = objectSizeOf(headers);
    const uploadId = uploadIdOf(request);
    const { bucket, object: key } = context.object;
    // Checksums in the headers are of the object, not of this body.
    const bytes = await body.whole(XML_BYTES_MAX);
    requireMd5(headers, bytes);
    if (bytes.length === 0) throw new S3Error("InvalidRequest", "You must specify at least one part");
    const list = await parsePartList(bytes);
    const upload = await findUpload(context, uploadId);
    const parts = completedParts(list, upload);
    const checksum = wholeChecksum(headers, upload);
    try {
      const version = await context.segment.uploads.complete(context.object, uploadId, parts, {
        allow,
        sizeBytes,
        checksum,
      });
      return xmlAnswer(
        "CompleteMultipartUploadResult",
        {
          Location: `${baseUrl}/${bucket}/${urlEncoded(key)}`,
          Bucket: bucket,
          Key: key,
          ETag: quotedEtag(version),
          ...checksumElements(version.digest),
        },
        {
          "x-amz-version-id": shownVersionId(version),
          "x-amz-expiration": await expirationHeader(context, context.object, { version }),
        },
      );
    } catch (thrown) {
      throw completionFailure(thrown, { parts, uploadId });
    }
  },
});

/** @throws InvalidDigest, BadDigest */
function requireMd5(headers: ReadonlyMap<string, string>, bytes: Uint8Array): void {
  const expected = expectedMd5(headers);
  if (expected === undefined || equalBytes(createHash("md5").update(bytes).digest(), expected)) return;
  throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
}

/** undefined: it is over, or never was; completing tells which. */
async function findUpload({ segment, object }: ObjectContext, id: string): Promise<Upload | undefined> {
  try {
    return await segment.uploads.show(object, id);
  } catch (thrown) {
    if (thrown instanceof EfsError && thrown.code === "UPLOAD_NOT_FOUND") return undefined;
    throw thrown;
  }
}
