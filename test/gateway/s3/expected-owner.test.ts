import { createHash } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { rawRequest } from "../../support/raw-http.ts";
import { element } from "../../support/s3-action.ts";
import { startGateway, type TestGateway } from "../../support/s3-gateway.ts";

const OWNER = createHash("sha256").update("Hawaii/Cola").digest("hex");

let gateway: TestGateway;
afterEach(() => gateway.stop());

const ask = (method: string, target: string, headers: Record<string, string> = {}) =>
  rawRequest(gateway.place, { method, target, headers: { "content-length": "0", ...headers } });

it("a request that expects another owner of the bucket, or of the source, does nothing", async () => {
  gateway = await startGateway({ settings: { "X-Auth-Type": "disabled" } });
  await ask("PUT", "/bk1");
  for (const name of ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"]) {
    const refused = await ask("PUT", "/bk1/a", { [name]: "111122223333" });
    expect([refused.status, element(refused.body, "Code")]).toEqual([403, "AccessDenied"]);
    expect((await ask("GET", "/bk1/a")).status).toBe(404);
    expect((await ask("PUT", "/bk1/b", { [name]: OWNER })).status).toBe(200);
  }
});
