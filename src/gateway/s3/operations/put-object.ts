/** PutObject: a new version from the body. Small bodies come whole and cost one commit. */
import type { Version } from "../../../model/version.ts";
import type { Action, ObjectContext, S3Response } from "../action.ts";
import { annotationsOf, authoriseAnnotations } from "../annotation-headers.ts";
import { setChecksum } from "../checksum-headers.ts";
import { writeGuard } from "../conditions.ts";
import { inEncryptedBucket } from "../encryption.ts";
import { S3Error } from "../errors.ts";
import { quotedEtag } from "../etag.ts";
import { expirationHeader } from "../expiration-header.ts";
import { lockFailure } from "../object-annotations.ts";
import { PUT_BYTES_MAX, writtenHeaders } from "../object-headers.ts";
import { type ResponseHeaders, shownVersionId } from "../version-headers.ts";

export const putObject: Action = inEncryptedBucket({
  name: "PutObject",
  target: "object",
  match: { method: "PUT" },
  permission: "s3:PutObject",
  run: async (context, request) => {
    const { headers, body } = request;
    const written = writtenHeaders(headers);
    const annotations = annotationsOf(headers, context.clock.wallMs());
    await authoriseAnnotations(context, context.object, annotations);
    if (body.sizeBytes !== undefined && body.sizeBytes > PUT_BYTES_MAX) {
      throw new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
        elements: { ProposedSize: String(body.sizeBytes), MaxSizeAllowed: String(PUT_BYTES_MAX) },
      });
    }
    const allow = writeGuard(headers);
    if (allow !== undefined) await checkBefore(context, allow);
    const measured = await body.measured();
    try {
      const version = await context.segment.objects.put(context.object, measured.content, {
        ...written,
        sizeBytes: measured.sizeBytes,
        digest: measured.digest,
        annotations,
        allow,
        // A body that is there needs no watch of its client.
        signal: measured.content instanceof Uint8Array ? undefined : request.signal,
      });
      const answer = putAnswer(version);
      const expiration = await expirationHeader(context, context.object, { version });
      return { ...answer, headers: { ...answer.headers, "x-amz-expiration": expiration } };
    } catch (thrown) {
      throw annotations === undefined ? thrown : lockFailure(thrown);
    }
  },
});

/** The answer to a write that has an empty body. */
export function putAnswer(version: Version): S3Response {
  const headers: ResponseHeaders = {
    ETag: quotedEtag(version),
    "x-amz-version-id": shownVersionId(version),
  };
  setChecksum(headers, version.digest);
  return { status: 200, headers };
}

/** Asked again in the commit; here it spares taking a body that would be refused. */
async function checkBefore(
  context: ObjectContext,
  allow: (latest: Version | undefined) => void,
): Promise<void> {
  const [latest] = await context.segment.objects.showMany(context.object, [context.object.object]);
  allow(latest);
}
