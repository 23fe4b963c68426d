/** PutBucketOwnershipControls: whether ACLs count. All objects are the tenant's whatever is put. */
import type { Action } from "../action.ts";
import { bucketAcl, OBJECT_OWNERSHIPS, writeConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putBucketOwnershipControls: Action = {
  name: "PutBucketOwnershipControls",
  target: "bucket",
  match: { method: "PUT", query: ["ownershipControls"] },
  permission: "s3:PutBucketOwnershipControls",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "OwnershipControls", bytesMax: BODY_BYTES_MAX });
    const text = document
      .allow("Rule")
      .required("Rule")
      .allow("ObjectOwnership")
      .requiredText("ObjectOwnership");
    const objectOwnership = OBJECT_OWNERSHIPS.find((known) => known === text.trim());
    if (objectOwnership === undefined) throw new S3Error("MalformedXML");
    const acl = await bucketAcl(context, context.bucket);
    if (
      objectOwnership === "BucketOwnerEnforced" &&
      acl !== "private" &&
      acl !== "bucket-owner-full-control"
    ) {
      throw new S3Error(
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
      );
    }
    await writeConfig(context, context.bucket, "ownership", { objectOwnership });
    return { status: 200 };
  },
};
