/** What settings of a service may hold. */
import { describe, expect, it } from "vitest";
import { isLoopback, parseAddress } from "../../../src/gateway/admin/address.ts";
import { storedValue } from "../../../src/gateway/admin/service/settings.ts";

describe("a setting of a service", () => {
  it.each([
    ["X-ISGW-Direction", "send", "1"],
    ["X-ISGW-Direction", "receive", "2"],
    ["X-ISGW-Direction", "2", "2"],
    ["X-ISGW-Replication", "initial", "1"],
    ["X-ISGW-Replication", "continuous", "2"],
    ["X-ISGW-Replication", "initial+continuous", "3"],
    ["X-ISGW-MDOnly", "0", "0"],
    ["X-ISGW-Remote", "ccow://10.100.194.238:14000", "ccow://10.100.194.238:14000"],
    ["X-ISGW-Remote", "10.0.0.1", "ccow://10.0.0.1:14000"],
    ["X-ISGW-Remote", "ccow://[::1]:9000", "ccow://[::1]:9000"],
    ["X-ISGW-Local", "0.0.0.0:14000", "0.0.0.0:14000"],
    ["X-ISGW-Basic-Auth", "test123", "dGVzdDEyMzp0ZXN0MTIz"],
    ["X-ISGW-Basic-Auth", "test123:test123", "dGVzdDEyMzp0ZXN0MTIz"],
    ["X-ISGW-Basic-Auth", "dGVzdDEyMzp0ZXN0MTIz", "dGVzdDEyMzp0ZXN0MTIz"],
    ["X-ISGW-Basic-Auth", "None", "-"],
    ["X-ISGW-Interval", "1s", "1000ms"],
    ["X-ISGW-Interval", "50", "50ms"],
    ["X-ISGW-Number-Of-Connections", "4", "4"],
    ["X-My-Note", "anything goes, even Ünïcode", "anything goes, even Ünïcode"],
    ["X-ISGW-Remote", "-", "-"],
  ])("%s takes %s and keeps %s", (key, value, stored) => {
    expect(storedValue(key, value)).toBe(stored);
    expect(storedValue(key, stored)).toBe(stored);
  });

  it.each([
    ["X-ISGW-Direction", "both", "BAD_VALUE"],
    ["X-ISGW-Direction", "3", "UNSUPPORTED"],
    ["X-ISGW-Direction", "send+receive", "UNSUPPORTED"],
    ["X-ISGW-Direction", "__proto__", "BAD_VALUE"],
    ["X-ISGW-Replication", "4", "BAD_VALUE"],
    ["X-ISGW-MDOnly", "1", "UNSUPPORTED"],
    ["X-ISGW-MDOnly", "all", "UNSUPPORTED"],
    ["X-ISGW-Encrypted-Tunnel", "1", "UNSUPPORTED"],
    ["X-ISGW-Remote", "file:///srv", "UNSUPPORTED"],
    ["X-ISGW-Remote", "s3://bucket", "UNSUPPORTED"],
    ["X-ISGW-Remote", "http://a:1", "BAD_VALUE"],
    ["X-ISGW-Remote", "ccow://a:99999", "BAD_VALUE"],
    ["X-ISGW-Local", "0.0.0.0", "BAD_VALUE"],
    ["X-ISGW-Local", "a b:1", "BAD_VALUE"],
    ["X-ISGW-Interval", "49ms", "BAD_VALUE"],
    ["X-ISGW-Interval", "61s", "BAD_VALUE"],
    ["X-ISGW-Number-Of-Connections", "0", "BAD_VALUE"],
    ["X-ISGW-Basic-Auth", "a:b", "BAD_VALUE"],
    ["X-Service-Name", "other", "BAD_VALUE"],
    ["X-Status", "enabled", "BAD_VALUE"],
    ["X-Description", "", "BAD_VALUE"],
    ["X-Description", "two\nlines", "BAD_VALUE"],
  ])("%s refuses %s with %s", (key, value, code) => {
    expect(() => storedValue(key, value)).toThrow(
      expect.objectContaining({ code, details: { setting: key } }),
    );
  });

  it("never tells the value of a secret", () => {
    try {
      storedValue("X-ISGW-Basic-Auth", "se:cr:et");
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain("cr");
    }
  });
});

describe("an address", () => {
  it("is a name or an IP address with a port", () => {
    expect(parseAddress("[fe80::1]:80")).toEqual({ host: "fe80::1", port: 80 });
    expect(parseAddress("site-b.example:14000")).toEqual({ host: "site-b.example", port: 14000 });
    for (const bad of ["", ":1", "a:", "a:b", "::1:80", "[a]:1", "a:1:2", "-a:1", "a/b:1"]) {
      expect(() => parseAddress(bad), bad).toThrow(expect.objectContaining({ code: "BAD_VALUE" }));
    }
  });

  it("is known to be loopback or not", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].map(isLoopback)).toEqual([true, true, true, true]);
    expect(["0.0.0.0", "10.0.0.1", "::", "127.evil.example"].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
