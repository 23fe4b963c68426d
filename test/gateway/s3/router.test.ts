import { describe, expect, it } from "vitest";
import type { Action } from "../../../src/gateway/s3/action.ts";
import { BUCKET_ACTIONS } from "../../../src/gateway/s3/bucket-actions.ts";
import { MULTIPART_ACTIONS } from "../../../src/gateway/s3/multipart-actions.ts";
import { OBJECT_ACTIONS } from "../../../src/gateway/s3/object-actions.ts";
import { Router } from "../../../src/gateway/s3/router.ts";

const ACTIONS: readonly Action[] = [...OBJECT_ACTIONS, ...MULTIPART_ACTIONS, ...BUCKET_ACTIONS];
const router = new Router(ACTIONS);

function find(method: string, target: string, headers: readonly string[] = []): string {
  const [path = "", query = ""] = target.split("?");
  const [, bucket, key] = path.split("/");
  return router.find({
    method,
    bucket: bucket === "" ? undefined : bucket,
    key,
    query: new Map(query === "" ? [] : query.split("&").map((pair) => pair.split("=") as [string, string])),
    headers: new Map(headers.map((name) => [name, "x"])),
  }).name;
}

describe("which action a request is for", () => {
  it.each([
    ["GET", "/", "ListBuckets"],
    ["PUT", "/b", "CreateBucket"],
    ["HEAD", "/b", "HeadBucket"],
    ["DELETE", "/b", "DeleteBucket"],
    ["GET", "/b", "ListObjects"],
    ["GET", "/b?list-type=2", "ListObjectsV2"],
    ["GET", "/b?list-type=2&prefix=x&x-id=ListObjectsV2", "ListObjectsV2"],
    ["GET", "/b?versions", "ListObjectVersions"],
    ["GET", "/b?location", "GetBucketLocation"],
    ["PUT", "/b?versioning", "PutBucketVersioning"],
    ["POST", "/b?delete", "DeleteObjects"],
    ["GET", "/b?uploads", "ListMultipartUploads"],
    ["PUT", "/b/k", "PutObject"],
    ["PUT", "/b/k?x-id=PutObject", "PutObject"],
    ["GET", "/b/k", "GetObject"],
    ["GET", "/b/k?versionId=1", "GetObject"],
    ["GET", "/b/k?partNumber=1", "GetObject"],
    ["HEAD", "/b/k", "HeadObject"],
    ["DELETE", "/b/k", "DeleteObject"],
    ["GET", "/b/k?tagging", "GetObjectTagging"],
    ["HEAD", "/b/k?tagging", "GetObjectTagging"],
    ["GET", "/b/k?attributes", "GetObjectAttributes"],
    ["POST", "/b/k?uploads", "CreateMultipartUpload"],
    ["PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"],
    ["POST", "/b/k?uploadId=u", "CompleteMultipartUpload"],
    ["DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"],
    ["GET", "/b/k?uploadId=u", "ListParts"],
  ])("%s %s is %s", (method, target, name) => {
    expect(find(method, target)).toBe(name);
  });

  it("depends on headers too", () => {
    expect(find("PUT", "/b/k", ["x-amz-copy-source"])).toBe("CopyObject");
    expect(find("PUT", "/b/k?partNumber=1&uploadId=u", ["x-amz-copy-source"])).toBe("UploadPartCopy");
  });

  it.each([
    ["PATCH", "/b/k"],
    ["POST", "/"],
    ["PUT", "/b?location"],
    ["PUT", "/b/k?uploads"],
    ["GET", "/b?delete"],
    ["DELETE", "/b?versions"],
  ])("%s %s is MethodNotAllowed, never an action that overlooks half of it", (method, target) => {
    expect(() => find(method, target)).toThrow(expect.objectContaining({ code: "MethodNotAllowed" }));
  });

  it.each(["/b/k?torrent", "/b?inventory&id=1", "/b?metrics", "/b?intelligent-tiering"])(
    "GET %s is NotImplemented",
    (target) => {
      expect(() => find("GET", target)).toThrow(expect.objectContaining({ code: "NotImplemented" }));
    },
  );

  it("is never undecided: no two actions have the same conditions", () => {
    const seen = ACTIONS.map(({ target, match }) =>
      JSON.stringify([
        target,
        match.method,
        [...(match.query ?? [])].sort(),
        [...(match.headers ?? [])].sort(),
      ]),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(ACTIONS.map(({ name }) => name)).size).toBe(ACTIONS.length);
  });
});
