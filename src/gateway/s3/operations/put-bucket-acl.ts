/** PutBucketAcl: a canned ACL by header, or a document that grants the same as one. */

import type { CannedAcl } from "../../../model/annotation.ts";
import { cannedAclOfDocument } from "../access/acl.ts";
import { requireAclNotBlocked } from "../access/public-access-block.ts";
import type { Action, BucketContext, S3Request } from "../action.ts";
import { cannedAclOf } from "../annotation-headers.ts";
import { readConfig, requireAclsAllowed, writeConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { ownerOf } from "../owner.ts";
import { optionalXmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 64 * 1024;

export const putBucketAcl: Action = {
  name: "PutBucketAcl",
  target: "bucket",
  match: { method: "PUT", query: ["acl"] },
  permission: "s3:PutBucketAcl",
  run: async (context, request) => {
    const canned = await askedAcl(context, request);
    // What the owner has anyway may be said also where ACLs do not count.
    if (canned !== "bucket-owner-full-control") await requireAclsAllowed(context, context.bucket);
    requireAclNotBlocked(canned, await readConfig(context, context.bucket, "public-access-block"));
    await writeConfig(context, context.bucket, "acl", { canned });
    return { status: 200 };
  },
};

/** @throws MissingSecurityHeader (neither), InvalidRequest (both), MalformedACLError, InvalidArgument, NotImplemented */
async function askedAcl({ tenant }: BucketContext, request: S3Request): Promise<CannedAcl> {
  const named = cannedAclOf(request.headers);
  const document = await optionalXmlBody(request, { root: "AccessControlPolicy", bytesMax: BODY_BYTES_MAX });
  if (document === undefined) {
    if (named !== undefined) return named;
    throw new S3Error("MissingSecurityHeader", "Your request was missing a required header", {
      elements: { MissingHeaderName: "x-amz-acl" },
    });
  }
  if (named !== undefined)
    throw new S3Error("InvalidRequest", "An ACL comes by header or in the body, not both");
  return cannedAclOfDocument(document, ownerOf(tenant));
}
