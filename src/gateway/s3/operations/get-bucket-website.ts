/** GetBucketWebsite: the configuration as it was put. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { noWebsite, websiteContent } from "../website-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketWebsite: Action = {
  name: "GetBucketWebsite",
  target: "bucket",
  match: { method: "GET", query: ["website"] },
  permission: "s3:GetBucketWebsite",
  run: async (context) => {
    const website = await readConfig(context, context.bucket, "website");
    if (website === undefined) throw noWebsite();
    return xmlAnswer("WebsiteConfiguration", websiteContent(website));
  },
};
