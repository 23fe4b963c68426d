/** efsd.conf and the command line. */
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/daemon/arguments.ts";
import { parseConfig } from "../../src/daemon/config.ts";

const FILE = "/etc/efs/efsd.conf";

describe("efsd.conf", () => {
  it("may be empty", () => {
    expect(parseConfig("", FILE)).toEqual({ admin: {} });
  });

  it("gives a name, a log level and the admin address, with paths relative to the file", () => {
    const text = `name = "hawaii"\nlog-level = "warn"\n[admin]\nlisten = "0.0.0.0:8443"\ntls-certificate = "c.pem"\ntls-key = "/k.pem"`;
    expect(parseConfig(text, FILE)).toEqual({
      name: "hawaii",
      logLevel: "warn",
      admin: { listen: "0.0.0.0:8443", tlsCertificate: "/etc/efs/c.pem", tlsKey: "/k.pem" },
    });
  });

  it("gives the days after which uploads end, 0 for never", () => {
    expect(parseConfig("expire-uploads-after-days = 0", FILE)).toEqual({ idleUploadDays: 0, admin: {} });
    expect(parseConfig("expire-uploads-after-days = 30", FILE).idleUploadDays).toBe(30);
  });

  it.each([
    ["nmae = 1", "nmae"],
    ["[admin]\nport = 1", "admin.port"],
    ["name = 7", "name"],
    ["name = ''", "name"],
    ["log-level = 'loud'", "log-level"],
    ["expire-uploads-after-days = -1", "expire-uploads-after-days"],
    ["expire-uploads-after-days = 1.5", "expire-uploads-after-days"],
    ["expire-uploads-after-days = '7'", "expire-uploads-after-days"],
    ["admin = 3", "admin"],
    ["[admin]\ntls-key = 'k'", "admin.tls-certificate"],
    ["name = ", ":1:"],
    ["[constructor]", "constructor"],
  ])("refuses %j and names %s", (text, named) => {
    expect(() => parseConfig(text, FILE)).toThrow(
      expect.objectContaining({ code: "BAD_CONFIG", message: expect.stringContaining(named) }),
    );
  });
});

describe("the command line of efsd", () => {
  it("takes a directory and nothing else", () => {
    expect(parseArguments(["--data", "d"], "1")).toEqual({ kind: "run", arguments: { data: "d" } });
  });

  it("tells its version and its help, examples first of all uses", () => {
    expect(parseArguments(["--version"], "1.2.3")).toEqual({ kind: "tell", text: "1.2.3\n" });
    expect(parseArguments(["--help"], "1")).toMatchObject({
      text: expect.stringContaining("efsd --data ~/hawaii"),
    });
  });

  it.each([
    [[], "--data"],
    [["--data"], "--data"],
    [["--data", "d", "--datta"], "--datta"],
    [["--data", "d", "extra"], "arguments"],
    [["--data", "d", "--log-level", "loud"], "loud"],
    [["--data", "d", "--name", "a\nb"], "--name"],
  ])("refuses %j and names %s", (argv, named) => {
    expect(() => parseArguments(argv, "1")).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining(named) }),
    );
  });
});
