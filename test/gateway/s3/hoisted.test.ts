/** Presigned addresses that hold headers in their query, as SDKs write them. */
import { afterEach, describe, expect, it } from "vitest";
import { rawRequest } from "../../support/raw-http.ts";
import { element } from "../../support/s3-action.ts";
import { startGateway, type TestGateway } from "../../support/s3-gateway.ts";

let gateway: TestGateway;
afterEach(() => gateway?.stop());

const ask = (method: string, target: string, headers: Record<string, string> = {}) =>
  rawRequest(gateway.place, { method, target, headers: { "content-length": "0", ...headers } });

async function put(query: string, headers: Record<string, string> = {}) {
  gateway = await startGateway({ settings: { "X-Auth-Type": "disabled" } });
  await ask("PUT", "/bk1");
  return ask("PUT", `/bk1/a?${query}`, headers);
}

describe("headers in a presigned query", () => {
  it("are taken as if they had been sent, in UTF-8 and whatever their case", async () => {
    const query =
      "X-Amz-Signature=0&X-Amz-Meta-Colour=gr%C3%BCn&x-amz-storage-class=STANDARD_IA&x-amz-tagging=a%3Db";
    expect((await put(query)).status).toBe(200);
    const { headers } = await ask("HEAD", "/bk1/a");
    expect(headers["x-amz-storage-class"]).toBe("STANDARD_IA");
    expect(headers["x-amz-tagging-count"]).toBe("1");
    expect(headers["x-amz-meta-colour"]).toMatch(/^=\?UTF-8\?B\?/);
  });

  it("count only where a signature covers them", async () => {
    await put("x-amz-meta-colour=green");
    expect((await ask("HEAD", "/bk1/a")).headers["x-amz-meta-colour"]).toBeUndefined();
  });

  it("yield to those that are sent", async () => {
    await put("X-Amz-Signature=0&x-amz-meta-colour=green", { "x-amz-meta-colour": "red" });
    expect((await ask("HEAD", "/bk1/a")).headers["x-amz-meta-colour"]).toBe("red");
  });

  it("do not hold the checksum of another body against this one", async () => {
    const query = "X-Amz-Signature=0&x-amz-checksum-crc32=NhCmhg%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
    expect((await put(query)).status).toBe(200);
  });

  it("make a copy where they name its source", async () => {
    await put("X-Amz-Signature=0");
    expect((await ask("PUT", "/bk1/b?X-Amz-Signature=0&x-amz-copy-source=bk1%2Fa")).body).toContain(
      "CopyObjectResult",
    );
  });

  it.each(["x-amz-meta-a%0Db=c", "x-amz-meta-a=b%0D%0AX-Other:%20c"])("are refused as %s", async (query) => {
    const answer = await put(`X-Amz-Signature=0&${query}`);
    expect([answer.status, element(answer.body, "Code")]).toEqual([400, "InvalidArgument"]);
  });
});
