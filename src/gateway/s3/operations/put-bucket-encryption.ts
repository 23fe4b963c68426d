/** PutBucketEncryption: AES256, while the bucket is empty. */
import type { Action } from "../action.ts";
import { changeEncryption } from "../encryption.ts";
import { checkEncryptionDocument } from "../encryption-document.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putBucketEncryption: Action = {
  name: "PutBucketEncryption",
  target: "bucket",
  match: { method: "PUT", query: ["encryption"] },
  permission: "s3:PutEncryptionConfiguration",
  run: async (context, request) => {
    const options = { root: "ServerSideEncryptionConfiguration", bytesMax: BODY_BYTES_MAX };
    checkEncryptionDocument(await xmlBody(request, options));
    await changeEncryption(context, context.bucket, "aes256");
    return { status: 200 };
  },
};
