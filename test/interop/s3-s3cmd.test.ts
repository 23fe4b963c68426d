/** s3cmd does its whole round: buckets, files, folders, multipart, metadata, copies, policies, ACLs, signed addresses. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runClient, type S3Service, startS3Service } from "../support/s3-service.ts";

describe("s3cmd", () => {
  let service: S3Service;
  let file: (name: string) => string;
  let s3cmd: (...words: string[]) => Promise<string>;

  beforeAll(async () => {
    service = await startS3Service();
    const { directory, port, accessKey, secretKey } = service;
    file = (name) => path.join(directory, name);
    const host = `127.0.0.1:${port}`;
    const settings = {
      access_key: accessKey,
      secret_key: secretKey,
      host_base: host,
      host_bucket: host,
      use_https: "False",
      bucket_location: "us-east-1",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(file("s3cfg"), ["[default]", ...lines, ""].join("\n"), { mode: 0o600 });
    s3cmd = (...words) => runClient("s3cmd", ["-c", file("s3cfg"), "--no-progress", ...words]);
  });
  afterAll(() => service.stop());

  it("makes and lists buckets, puts and gets files, with their metadata", async () => {
    await s3cmd("mb", "s3://cmd");
    expect(await s3cmd("ls")).toContain("s3://cmd");
    const content = randomBytes(100_000);
    writeFileSync(file("a b ü.bin"), content);
    await s3cmd(
      "put",
      "--add-header=x-amz-meta-colour:blue",
      "--mime-type=image/x",
      file("a b ü.bin"),
      "s3://cmd/dir/",
    );
    const info = await s3cmd("info", "s3://cmd/dir/a b ü.bin");
    expect(info).toContain("image/x");
    expect(info).toMatch(/x-amz-meta-colour:\s+blue/);
    await s3cmd("get", "s3://cmd/dir/a b ü.bin", file("back"));
    expect(readFileSync(file("back")).equals(content)).toBe(true);
    expect(await s3cmd("ls", "--recursive", "s3://cmd")).toContain("s3://cmd/dir/a b ü.bin");
    await s3cmd("cp", "s3://cmd/dir/a b ü.bin", "s3://cmd/copy");
    await s3cmd("mv", "s3://cmd/copy", "s3://cmd/moved");
    expect(await s3cmd("ls", "s3://cmd/moved")).toContain("100000");
    expect(await s3cmd("du", "s3://cmd")).toContain("200000");
  });

  it("puts a large file in parts", async () => {
    const content = randomBytes(23 * 1024 * 1024);
    writeFileSync(file("large"), content);
    await s3cmd("put", "--multipart-chunk-size-mb=5", file("large"), "s3://cmd/large");
    await s3cmd("get", "s3://cmd/large", file("large-back"));
    expect(readFileSync(file("large-back")).equals(content)).toBe(true);
    expect(await s3cmd("multipart", "s3://cmd")).not.toContain("large");
  });

  it("syncs a folder there and back, with what was removed", async () => {
    for (const name of ["one", "two", "sub/three"]) {
      mkdirSync(path.dirname(file(`tree/${name}`)), { recursive: true });
      writeFileSync(file(`tree/${name}`), name);
    }
    await s3cmd("sync", `${file("tree")}/`, "s3://cmd/tree/");
    writeFileSync(file("tree/two"), "changed");
    await s3cmd("sync", "--delete-removed", `${file("tree")}/`, "s3://cmd/tree/");
    await s3cmd("rm", "s3://cmd/tree/one");
    await s3cmd("sync", "s3://cmd/tree/", `${file("tree-back")}/`);
    expect(existsSync(file("tree-back/one"))).toBe(false);
    expect(readFileSync(file("tree-back/two"), "utf8")).toBe("changed");
    expect(readFileSync(file("tree-back/sub/three"), "utf8")).toBe("sub/three");
  });

  it("signs an address that anybody can fetch, sets policy, ACL, versioning and lifecycle", async () => {
    const signed = (await s3cmd("signurl", "s3://cmd/moved", "+60")).trim();
    // s3cmd signs addresses by version 2, which is told in words.
    const answer = await fetch(signed);
    expect([answer.status, await answer.text()].join(" ")).toMatch(/^(200 |400 .*Signature Version 2)/s);
    const statement = {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::cmd/moved",
    };
    writeFileSync(file("policy"), JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
    await s3cmd("setpolicy", file("policy"), "s3://cmd");
    expect((await fetch(`${service.url}/cmd/moved`)).status).toBe(200);
    await s3cmd("delpolicy", "s3://cmd");
    expect((await fetch(`${service.url}/cmd/moved`)).status).toBe(403);
    await s3cmd("setacl", "--acl-public", "s3://cmd/moved");
    expect((await fetch(`${service.url}/cmd/moved`)).status).toBe(200);
    await s3cmd("setacl", "--acl-private", "s3://cmd/moved");
    expect((await fetch(`${service.url}/cmd/moved`)).status).toBe(403);
    await s3cmd("expire", "--expiry-days=3", "--expiry-prefix=tmp/", "s3://cmd");
    expect(await s3cmd("getlifecycle", "s3://cmd")).toContain("<Days>3</Days>");
  });

  it("removes all of a bucket, and the bucket", async () => {
    await expect(s3cmd("rb", "s3://cmd")).rejects.toThrow(/not empty/i);
    await s3cmd("del", "--recursive", "--force", "s3://cmd");
    await s3cmd("rb", "s3://cmd");
    expect(await s3cmd("ls")).not.toContain("s3://cmd");
    await expect(s3cmd("ls", "s3://cmd")).rejects.toThrow(/NoSuchBucket|does not exist/);
  });
});
