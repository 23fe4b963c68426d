/** GetBucketOwnershipControls. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketOwnershipControls: Action = {
  name: "GetBucketOwnershipControls",
  target: "bucket",
  match: { method: "GET", query: ["ownershipControls"] },
  permission: "s3:GetBucketOwnershipControls",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "ownership");
    if (config === undefined) {
      throw new S3Error("OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
    }
    return xmlAnswer("OwnershipControls", { Rule: { ObjectOwnership: config.objectOwnership } });
  },
};
