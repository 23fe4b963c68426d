/** Names in requests as those of the segment, refused in S3's words. */
import { type BucketName, type ObjectName, parseBucketName, parseObjectName } from "../../model/names.ts";
import { S3Error } from "./errors.ts";

const KEY_BYTES_MAX = 1024;

/** @throws InvalidBucketName */
export function bucketNameOf(text: string): BucketName {
  try {
    return parseBucketName(text);
  } catch (cause) {
    const elements = { BucketName: text.slice(0, 255) };
    throw new S3Error("InvalidBucketName", undefined, { elements, cause });
  }
}

/** @throws KeyTooLongError, InvalidArgument */
export function objectNameOf(key: string): ObjectName {
  try {
    return parseObjectName(key);
  } catch (cause) {
    const sizeBytes = Buffer.byteLength(key);
    if (sizeBytes > KEY_BYTES_MAX) {
      const elements = { Size: String(sizeBytes), MaxSizeAllowed: String(KEY_BYTES_MAX) };
      throw new S3Error("KeyTooLongError", undefined, { elements, cause });
    }
    throw new S3Error("InvalidArgument", "The key is not valid", {
      elements: { ArgumentName: "key" },
      cause,
    });
  }
}
