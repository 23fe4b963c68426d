/** GetPublicAccessBlock. */
import { accessBlockContent } from "../access-block-document.ts";
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getPublicAccessBlock: Action = {
  name: "GetPublicAccessBlock",
  target: "bucket",
  match: { method: "GET", query: ["publicAccessBlock"] },
  permission: "s3:GetBucketPublicAccessBlock",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "public-access-block");
    if (config === undefined) {
      throw new S3Error(
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
      );
    }
    return xmlAnswer("PublicAccessBlockConfiguration", accessBlockContent(config));
  },
};
