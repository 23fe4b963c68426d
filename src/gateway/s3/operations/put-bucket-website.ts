/** PutBucketWebsite: index and error document, or a redirect of all requests. Served on the port of the service's `X-Website-Port`. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";
import { websiteOf } from "../website-document.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketWebsite: Action = {
  name: "PutBucketWebsite",
  target: "bucket",
  match: { method: "PUT", query: ["website"] },
  permission: "s3:PutBucketWebsite",
  run: async (context, request) => {
    await context.segment.namespace.showBucket(context.bucket);
    const document = await xmlBody(request, { root: "WebsiteConfiguration", bytesMax: 128 * 1024 });
    await writeConfig(context, context.bucket, "website", websiteOf(document));
    return { status: 200 };
  },
};
