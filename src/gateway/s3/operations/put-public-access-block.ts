/** PutPublicAccessBlock. */
import { accessBlockOf } from "../access-block-document.ts";
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putPublicAccessBlock: Action = {
  name: "PutPublicAccessBlock",
  target: "bucket",
  match: { method: "PUT", query: ["publicAccessBlock"] },
  permission: "s3:PutBucketPublicAccessBlock",
  run: async (context, request) => {
    const document = await xmlBody(request, {
      root: "PublicAccessBlockConfiguration",
      bytesMax: BODY_BYTES_MAX,
    });
    await writeConfig(context, context.bucket, "public-access-block", accessBlockOf(document));
    return { status: 200 };
  },
};
