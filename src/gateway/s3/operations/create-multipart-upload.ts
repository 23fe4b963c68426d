/** CreateMultipartUpload: begins an upload; all that is said of the object is said here. */

import type { Action } from "../action.ts";
import { annotationsOf, authoriseAnnotations } from "../annotation-headers.ts";
import { CHECKSUM_WORDS, checksumTypeOf } from "../checksum-headers.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { isUrlEncoded, shown } from "../listing.ts";
import { askedChecksum } from "../multipart-checksum.ts";
import { initiatorOf } from "../multipart-request.ts";
import { lockFailure } from "../object-annotations.ts";
import { writtenHeaders } from "../object-headers.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const createMultipartUpload: Action = inEncryptedBucket({
  name: "CreateMultipartUpload",
  target: "object",
  match: { method: "POST", query: ["uploads"] },
  permission: "s3:PutObject",
  run: async (context, { headers, query }) => {
    const written = writtenHeaders(headers);
    const checksum = askedChecksum(headers);
    const annotations = annotationsOf(headers, context.clock.wallMs());
    const { bucket, object: key } = context.object;
    await authoriseAnnotations(context, context.object, annotations);
    const upload = await context.segment.uploads
      .create(context.object, { ...written, annotations, checksum, initiator: initiatorOf(context) })
      .catch((thrown: unknown) => {
        throw annotations === undefined ? thrown : lockFailure(thrown);
      });
    return xmlAnswer(
      "InitiateMultipartUploadResult",
      { Bucket: bucket, Key: shown(key, { isUrlEncoded: isUrlEncoded(query) }), UploadId: upload.id },
      checksum === undefined
        ? {}
        : {
            "x-amz-checksum-algorithm": CHECKSUM_WORDS[checksum.algorithm],
            "x-amz-checksum-type": checksumTypeOf(checksum),
          },
    );
  },
});
