/** GetBucketEncryption. */
import type { Action } from "../action.ts";
import { ENCRYPTION_CONTENT } from "../encryption-document.ts";
import { S3Error } from "../errors.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketEncryption: Action = {
  name: "GetBucketEncryption",
  target: "bucket",
  match: { method: "GET", query: ["encryption"] },
  permission: "s3:GetEncryptionConfiguration",
  run: async ({ segment, bucket }) => {
    if ((await segment.namespace.encryptionOf(bucket)) === "none") {
      throw new S3Error(
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
      );
    }
    return xmlAnswer("ServerSideEncryptionConfiguration", ENCRYPTION_CONTENT);
  },
};
