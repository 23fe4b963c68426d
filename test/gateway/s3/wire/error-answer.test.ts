import { describe, expect, it } from "vitest";
import { EfsError } from "../../../../src/base/errors.ts";
import { toS3Error } from "../../../../src/gateway/s3/wire/error-answer.ts";

describe("an error of the segment, as clients see it", () => {
  it.each([
    ["QUOTA", "bucket Hawaii/Cola/bk1 would grow past its quota", "QuotaExceeded"],
    ["BUCKET_NOT_FOUND", "no bucket Hawaii/Cola/bk1", "NoSuchBucket"],
    ["NOT_EMPTY", "bucket Hawaii/Cola/bk1 has an open upload", "BucketNotEmpty"],
    ["BUSY", "bucket Hawaii/Cola/bk1 is being changed", "SlowDown"],
    ["NO_SPACE", "no space in /srv/Hawaii/Cola", "ServiceUnavailable"],
    ["CONFLICT", "bucket Hawaii/Cola/bk1 has no object lock", "OperationAborted"],
    ["INTERNAL", "Hawaii/Cola broke", "InternalError"],
  ] as const)("of %s tells neither the tenant nor the disk", (code, message, s3Code) => {
    const error = toS3Error(new EfsError(code, message));
    expect(error.code).toBe(s3Code);
    expect(error.message).not.toContain("Hawaii/Cola");
    expect(error.message).not.toBe("");
  });

  it("says that there is no space, without saying where", () => {
    expect(toS3Error(new EfsError("NO_SPACE", "only 3 MB")).message).toMatch(/^There is no space left/);
  });

  it("says what was wrong with what the client gave", () => {
    expect(toS3Error(new EfsError("BAD_VALUE", "a part number goes from 1 to 10000")).message).toBe(
      "a part number goes from 1 to 10000",
    );
  });
});
