/** PutBucketVersioning: enables or suspends; a bucket with object lock stays enabled. */
import { EfsError } from "../../../base/errors.ts";
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putBucketVersioning: Action = {
  name: "PutBucketVersioning",
  target: "bucket",
  match: { method: "PUT", query: ["versioning"] },
  permission: "s3:PutBucketVersioning",
  run: async ({ segment, bucket }, request) => {
    const document = await xmlBody(request, { root: "VersioningConfiguration", bytesMax: BODY_BYTES_MAX });
    document.allow("Status", "MfaDelete", "MFADelete");
    const [status, mfa] = [
      document.textOf("Status"),
      document.textOf("MfaDelete") ?? document.textOf("MFADelete"),
    ];
    if (mfa !== undefined && mfa !== "Disabled")
      throw new S3Error("NotImplemented", "MFA delete is not supported");
    if (status === undefined) {
      throw new S3Error(
        "IllegalVersioningConfigurationException",
        "The Versioning element must be specified",
      );
    }
    if (status !== "Enabled" && status !== "Suspended") throw new S3Error("MalformedXML");
    try {
      await segment.namespace.updateBucket(bucket, {
        versioning: status === "Enabled" ? "enabled" : "suspended",
      });
    } catch (thrown) {
      if (!(thrown instanceof EfsError && thrown.code === "CONFLICT")) throw thrown;
      throw new S3Error(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        { cause: thrown },
      );
    }
    return { status: 200 };
  },
};
