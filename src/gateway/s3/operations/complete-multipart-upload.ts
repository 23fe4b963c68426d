/** CompleteMultipartUpload: the listed parts become the object. The same list again is answered the same. */
import { EfsError } from "../../../base/errors.ts";
import type { Upload } from "../../../segment/uploads.ts";
import type { Action, ObjectContext } from "../action.ts";
import { checksumElements } from "../checksum-elements.ts";
import { completedParts, completionFailure, objectSizeOf, wholeChecksum } from "../completion.ts";
import { writeGuard } from "../conditions.ts";
import { S3Error } from "../errors.ts";
import { quotedEtag } from "../etag.ts";
import { urlEncoded } from "../listing.ts";
import { uploadIdOf } from "../multipart-request.ts";
import { refuseEncryption } from "../object-headers.ts";
import { parsePartList } from "../part-list.ts";
import { shownVersionId } from "../version-headers.ts";
import { XML_BYTES_MAX } from "../wire/xml.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const completeMultipartUpload: Action = {
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
        { "x-amz-version-id": shownVersionId(version) },
      );
    } catch (thrown) {
      throw completionFailure(thrown, { parts, uploadId });
    }
  },
};

/** undefined: it is over, or never was; completing tells which. */
async function findUpload({ segment, object }: ObjectContext, id: string): Promise<Upload | undefined> {
  try {
    return await segment.uploads.show(object, id);
  } catch (thrown) {
    if (thrown instanceof EfsError && thrown.code === "UPLOAD_NOT_FOUND") return undefined;
    throw thrown;
  }
}
