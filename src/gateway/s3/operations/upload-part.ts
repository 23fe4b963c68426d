/** UploadPart: one part from the body. */
import { toHex } from "../../../base/bytes.ts";
import { PART_BYTES_MAX } from "../../../segment/uploads.ts";
import type { Action } from "../action.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { S3Error } from "../errors.ts";
import { partBody } from "../multipart-checksum.ts";
import { partNumberOf, uploadIdOf } from "../multipart-request.ts";
import { refuseEncryption } from "../object-headers.ts";

export const uploadPart: Action = inEncryptedBucket({
  name: "UploadPart",
  target: "object",
  match: { method: "PUT", query: ["partNumber", "uploadId"] },
  permission: "s3:PutObject",
  run: async (context, request) => {
    const { query, headers, body, signal } = request;
    refuseEncryption(headers);
    const number = partNumberOf(query.get("partNumber"));
    const uploadId = uploadIdOf(request);
    if (body.sizeBytes !== undefined && body.sizeBytes > PART_BYTES_MAX) {
      throw new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
        elements: { ProposedSize: String(body.sizeBytes), MaxSizeAllowed: String(PART_BYTES_MAX) },
      });
    }
    const { uploads } = context.segment;
    const upload = await uploads.show(context.object, uploadId);
    const { sizeBytes, content, digest } = partBody(await body.measured(), headers, upload);
    const part = await uploads.putPart(context.object, uploadId, number, content, {
      sizeBytes,
      digest,
      signal,
    });
    const algorithm = upload.checksum?.algorithm;
    return {
      status: 200,
      headers: {
        ETag: `"${toHex(part.md5)}"`,
        ...(algorithm === undefined || part.checksum === undefined
          ? {}
          : { [`x-amz-checksum-${algorithm}`]: Buffer.from(part.checksum).toString("base64") }),
      },
    };
  },
});
