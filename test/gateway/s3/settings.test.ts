import { describe, expect, it } from "vitest";
import { parseS3Settings } from "../../../src/gateway/s3/settings.ts";
import { START_SETTINGS } from "../../../src/model/service.ts";
import { s3Service } from "../../support/s3-gateway.ts";

const START = { ...s3Service(), settings: START_SETTINGS.s3 };
const parse = (settings: Readonly<Record<string, string>>) => parseS3Settings(s3Service(settings));

describe("settings of an S3 service", () => {
  it("start with signatures wanted, plain HTTP on 9982 on all interfaces, any region", () => {
    expect(parseS3Settings(START)).toMatchObject({
      auth: "key_secret",
      host: undefined,
      httpPort: 9982,
      https: undefined,
      region: undefined,
      listMax: 1000,
      versionsKept: 1,
      mayListBuckets: true,
      hasAccessLog: false,
      domains: [],
    });
  });

  it("without signatures keep to this machine", () => {
    const open = { "X-Auth-Type": "disabled" };
    expect(parse({ ...open, "X-Listen": "-" }).host).toBe("127.0.0.1");
    expect(parse({ ...open, "X-Listen": "::1" }).host).toBe("::1");
    for (const host of ["0.0.0.0", "10.0.0.1", "::", "example.com"]) {
      expect(() => parse({ ...open, "X-Listen": host })).toThrow(/everybody an admin/);
    }
  });

  it.each([
    ["X-HTTP-Port", "70000", "BAD_VALUE"],
    ["X-HTTP-Port", "-", "SERVICE_INCOMPLETE"],
    ["X-HTTPS-Key", "/a.pem", "SERVICE_INCOMPLETE"],
    ["X-List-Max-Size", "0", "BAD_VALUE"],
    ["X-List-Max-Size", "1001", "BAD_VALUE"],
    ["X-Number-Of-Versions", "many", "BAD_VALUE"],
    ["X-Access-Log", "maybe", "BAD_VALUE"],
    ["X-Domain", "bad domain", "BAD_VALUE"],
    ["X-Listen", "a/b", "BAD_VALUE"],
    ["X-Auth-Type", "none", "BAD_VALUE"],
    ["X-Trust-Proxy", "10.0.0.0/99", "BAD_VALUE"],
    ["X-Trust-Proxy", "example.com", "BAD_VALUE"],
  ])("refuse %s %s with %s and say what to type", (key, value, code) => {
    expect(() => parse({ [key]: value })).toThrow(
      expect.objectContaining({ code, hint: expect.stringContaining("efscli service config s3-cola X-") }),
    );
  });

  it("serve one tenant", () => {
    const both = { ...s3Service(), served: ["Hawaii/Cola", "Hawaii/Pepsi"] };
    expect(() => parseS3Settings(both)).toThrow(/one tenant/);
    expect(() => parseS3Settings({ ...s3Service(), served: ["Hawaii/Cola/bk1"] })).toThrow(/CLUSTER\/TENANT/);
  });

  it("of s3s need a domain", () => {
    const s3s = { ...s3Service(), type: "s3s" as const };
    expect(() => parseS3Settings(s3s)).toThrow(/X-Domain/);
    expect(parseS3Settings({ ...s3s, settings: START_SETTINGS.s3s })).toMatchObject({
      domains: ["example.com"],
      httpPort: 9983,
    });
  });

  it("believe proxies only where they are said to be", () => {
    const isProxy = (text: string, address: string) => parse({ "X-Trust-Proxy": text }).isProxy(address);
    expect(isProxy("true", "127.0.0.1")).toBe(true);
    expect(isProxy("true", "::ffff:127.0.0.1")).toBe(true);
    expect(isProxy("true", "::1")).toBe(true);
    expect(isProxy("true", "10.0.0.1")).toBe(false);
    expect(isProxy("false", "127.0.0.1")).toBe(false);
    expect(isProxy("10.0.0.0/8, fd00::1", "10.1.2.3")).toBe(true);
    expect(isProxy("10.0.0.0/8, fd00::1", "fd00::1")).toBe(true);
    expect(isProxy("10.0.0.0/8", "11.0.0.1")).toBe(false);
    expect(isProxy("10.0.0.0/8", "")).toBe(false);
  });
});
