/** GetBucketVersioning: no Status while it was never enabled. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

const STATUS = { off: undefined, enabled: "Enabled", suspended: "Suspended" } as const;

export const getBucketVersioning: Action = {
  name: "GetBucketVersioning",
  target: "bucket",
  match: { method: "GET", query: ["versioning"] },
  permission: "s3:GetBucketVersioning",
  run: async ({ segment, bucket }) => {
    const { options } = await segment.namespace.showBucket(bucket);
    return xmlAnswer("VersioningConfiguration", { Status: STATUS[options.versioning] });
  },
};
