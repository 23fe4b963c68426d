/** PostObject: an upload by a browser's form, signed by its policy document, or anonymous where the bucket's policy lets it. */
import { formatTenantPath } from "../../../model/names.ts";
import type { Action, ActionContext, BucketContext } from "../action.ts";
import { authoriseAnnotations } from "../annotation-headers.ts";
import { measuredContent } from "../auth/body.ts";
import { readForm } from "../auth/form-data.ts";
import { limitedContent, verifyForm } from "../auth/post-policy.ts";
import { encryptionHeader, requireEncryption } from "../encryption.ts";
import { expirationHeader } from "../expiration-header.ts";
import { lockFailure, requireAclAllowed } from "../object-annotations.ts";
import { annotationsOfForm, formAnswer, headersOfForm, keyOfForm } from "../object-form.ts";
import { PUT_BYTES_MAX, writtenHeaders } from "../object-headers.ts";
import { objectNameOf } from "../request-names.ts";

export const postObject: Action = {
  name: "PostObject",
  target: "bucket",
  match: { method: "POST" },
  // Who uploads is only known when the form has been read.
  permission: undefined,
  run: async (context, request) => {
    const form = await readForm(request.headers.get("content-type"), request.body.stream());
    const { fields } = form;
    const { bucket } = context.bucket;
    const { identity, lengthRange } = await verifyForm(fields, {
      clock: context.clock,
      findKey: (accessKey) => findKey(context, accessKey),
      region: context.isRegionFixed === true ? context.region : undefined,
      bucket,
    });
    const signer = { ...context, ...context.as(identity) };
    const path = { ...context.bucket, object: objectNameOf(keyOfForm(fields)) };
    await signer.authorise("s3:PutObject", { bucket, key: path.object });
    const headers = headersOfForm(fields);
    const written = writtenHeaders(headers);
    await requireEncryption(context, context.bucket, headers);
    const annotations = await annotationsOfForm(fields, headers, context.clock.wallMs());
    await authoriseAnnotations(signer, path, annotations);
    if (annotations?.acl !== undefined) await requireAclAllowed(signer, path, annotations.acl);
    const range = { bytesMin: 0, bytesMax: PUT_BYTES_MAX, ...lengthRange };
    range.bytesMax = Math.min(range.bytesMax, PUT_BYTES_MAX);
    const measured = measuredContent(limitedContent(form.file.content, range), headers);
    try {
      const version = await context.segment.objects.put(path, measured.content, {
        ...written,
        digest: measured.digest,
        annotations,
        signal: request.signal,
      });
      const answer = formAnswer(version, fields, { baseUrl: request.baseUrl, bucket });
      const expiration = await expirationHeader(context, path, { version });
      const told = await encryptionHeader(context, path);
      return { ...answer, headers: { ...answer.headers, "x-amz-expiration": expiration, ...told } };
    } catch (thrown) {
      throw annotations === undefined ? thrown : lockFailure(thrown);
    }
  },
};

/** Keys of other tenants are not known here. */
async function findKey(
  { segment, tenant }: BucketContext | ActionContext,
  accessKey: string,
): ReturnType<ActionContext["segment"]["users"]["findKey"]> {
  const owner = await segment.users.findKey(accessKey);
  const isOwn = owner !== undefined && formatTenantPath(owner.tenant) === formatTenantPath(tenant);
  return isOwn ? owner : undefined;
}
