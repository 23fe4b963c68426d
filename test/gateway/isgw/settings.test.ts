/** Settings of an isgw service: every complaint names the setting and what to type. */
import { describe, expect, it } from "vitest";
import { EfsError } from "../../../src/base/errors.ts";
import { isgwGateway } from "../../../src/gateway/isgw/gateway.ts";
import { parseEndpoint, parseSettings } from "../../../src/gateway/isgw/settings.ts";
import { KEY, service } from "./site.ts";

const BK1 = ["Hawaii/Cola/bk1"];
const SENDER = { "X-ISGW-Direction": "1", "X-ISGW-Remote": "ccow://10.0.0.1:14000" };

function refusal(settings: Record<string, string>, served: readonly string[] = BK1): EfsError {
  try {
    isgwGateway.validate(service("hawaii", settings, served));
  } catch (thrown) {
    if (thrown instanceof EfsError) return thrown;
    throw thrown;
  }
  throw new Error("it was accepted");
}

describe("settings of a sender", () => {
  it("have EdgeFS's meaning and our defaults", () => {
    const settings = parseSettings(service("hawaii", SENDER, BK1));
    expect(settings).toMatchObject({
      direction: "send",
      remote: { host: "10.0.0.1", port: 14_000 },
      replication: "initial+continuous",
      intervalMs: 1000,
      listen: undefined,
    });
    expect(Buffer.from(settings.key).toString()).toBe("test123");
    expect(
      parseSettings(
        service("hawaii", { ...SENDER, "X-ISGW-Interval": "50ms", "X-ISGW-Replication": "2" }, BK1),
      ),
    ).toMatchObject({
      intervalMs: 50,
      replication: "continuous",
    });
  });

  it("are refused one by one, with the command that mends them", () => {
    const cases: ReadonlyArray<readonly [Record<string, string>, string, string]> = [
      [{}, "SERVICE_INCOMPLETE", "X-ISGW-Direction 1"],
      [{ "X-ISGW-Direction": "1" }, "SERVICE_INCOMPLETE", "X-ISGW-Remote ccow://HOST:PORT"],
      [{ "X-ISGW-Direction": "4" }, "BAD_VALUE", "X-ISGW-Direction 1"],
      [{ "X-ISGW-Direction": "3" }, "UNSUPPORTED", "X-ISGW-Direction 1"],
      [{ ...SENDER, "X-ISGW-Remote": "http://x" }, "BAD_VALUE", "X-ISGW-Remote ccow://HOST:PORT"],
      [{ ...SENDER, "X-ISGW-Remote": "ccow://x:99999" }, "BAD_VALUE", "X-ISGW-Remote ccow://HOST:PORT"],
      [{ ...SENDER, "X-ISGW-Remote": "file:///tmp" }, "UNSUPPORTED", "X-ISGW-Remote ccow://HOST:PORT"],
      [{ ...SENDER, "X-ISGW-Replication": "7" }, "BAD_VALUE", "X-ISGW-Replication 3"],
      [{ ...SENDER, "X-ISGW-Interval": "10ms" }, "BAD_VALUE", "X-ISGW-Interval 1s"],
      [{ ...SENDER, "X-ISGW-Interval": "soon" }, "BAD_VALUE", "X-ISGW-Interval 1s"],
      [{ ...SENDER, "X-ISGW-MDOnly": "1" }, "UNSUPPORTED", "X-ISGW-MDOnly 0"],
      [{ ...SENDER, "X-ISGW-MDOnly": "9" }, "BAD_VALUE", "X-ISGW-MDOnly 0"],
      [{ ...SENDER, "X-ISGW-Encrypted-Tunnel": "1" }, "UNSUPPORTED", "X-ISGW-Encrypted-Tunnel -"],
      [{ ...SENDER, "X-ISGW-Basic-Auth": "dGVzdA==" }, "BAD_VALUE", "X-ISGW-Basic-Auth"],
      [{ ...SENDER, "X-ISGW-Local": "a:b:c" }, "BAD_VALUE", "X-ISGW-Local 0.0.0.0:14000"],
    ];
    for (const [settings, code, hint] of cases) {
      const error = refusal(settings);
      expect([error.code, error.hint]).toEqual([code, expect.stringContaining(hint)]);
      expect(`${error.message} ${error.hint}`).not.toContain(KEY);
    }
  });

  it("know no options behind a path yet, and check names", () => {
    expect(refusal(SENDER, ["Hawaii/Cola/bk1,pause"])).toMatchObject({ code: "UNSUPPORTED" });
    expect(refusal(SENDER, ["Hawaii"])).toMatchObject({ code: "BAD_NAME" });
  });
});

describe("settings of a receiver", () => {
  it("listen everywhere on EdgeFS's port unless told", () => {
    expect(parseSettings(service("r", { "X-ISGW-Direction": "2" }, BK1))).toMatchObject({
      direction: "receive",
      listen: { host: "0.0.0.0", port: 14_000 },
    });
  });

  it("are refused with an address to dial", () => {
    expect(refusal({ ...SENDER, "X-ISGW-Direction": "2" }).hint).toBe(
      "efscli service config hawaii X-ISGW-Remote -",
    );
  });
});

describe("an address", () => {
  it("is a host and a port, which may be left out", () => {
    expect(parseEndpoint("h")).toEqual({ host: "h", port: 14_000 });
    expect(parseEndpoint("h:1")).toEqual({ host: "h", port: 1 });
    expect(parseEndpoint("[::1]:2")).toEqual({ host: "::1", port: 2 });
    for (const bad of ["", ":1", "a b:1", "a:1:2", "::1", "h:", "h:x", "user@h:1", "h/x:1"])
      expect(parseEndpoint(bad)).toBeUndefined();
  });
});
