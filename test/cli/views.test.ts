/** What commands print: golden text for tables, tab-separated lines and JSON; JSON fields by name, for ever. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { BucketInfo } from "../../src/api/namespace.ts";
import type { ObjectInfo } from "../../src/api/object.ts";
import type { SystemStatus } from "../../src/api/system.ts";
import { EfsError } from "../../src/base/errors.ts";
import { runCli } from "./fake-session.ts";

const bucket = (name: string, objectCount: number, sizeBytes: number): BucketInfo => ({
  name,
  created: "2019-12-23T08:00:00.123Z",
  custom: { "X-owner": "ops" },
  objectCount,
  sizeBytes,
  chunking: "content",
  chunkBytes: null,
  versionsKept: 1,
  versioning: "off",
  objectLock: null,
  encryption: "none",
  quotaBytes: null,
  quotaObjects: null,
  logId: "00000000000000AB",
});

const object: ObjectInfo = {
  name: "photos/a b.jpg",
  versionId: "016F35E66F0000001111111111111111".concat("2222222222222222"),
  generation: 3,
  sizeBytes: 1536,
  isDeleted: false,
  isLatest: true,
  modified: "2019-12-24T11:00:00.000Z",
  contentType: "image/jpeg",
  contentKind: "chunk",
  contentId: "ab".repeat(32),
  metadata: { "efs-mode": "0644", author: "mako" },
};

const status: SystemStatus = {
  restWorker: "ok",
  version: "0.1.0",
  segmentName: "hawaii",
  systemGuid: "30CB31D57B0D491FAFFD81AA62892445",
  segmentId: "30CB31D57B0D491F",
  writerId: "0000000000000001",
  dataDirectory: "/var/lib/efs",
  pid: 4711,
  started: "2019-12-24T11:00:00.000Z",
  isWritable: true,
  objectCount: 12_345,
  logicalBytes: 5_000_000_000,
  chunkCount: 77_000,
  storedBytes: 3_000_000_000,
  totalBytes: 40_000_000_000,
  freeBytes: 12_000_000_000,
  services: [
    { name: "hawaii", type: "isgw", isEnabled: true, state: "same segment" },
    { name: "other", type: "isgw", isEnabled: false, state: "disabled" },
  ],
};

const api: Partial<AdminClient> = {
  listBuckets: async () => ({
    items: [bucket("bk1", 12_345, 5_000_000_000), bucket("Zürich\u001b[31m\\日本", 0, 0)],
    next: null,
  }),
  showBucket: async () => bucket("bk1", 12_345, 5_000_000_000),
  showObject: async () => object,
  listObjects: async () => ({ items: [object], prefixes: [], next: null }),
  listVersions: async () => ({
    items: [
      object,
      { ...object, generation: 2, isLatest: false, isDeleted: true, sizeBytes: 0 },
      { ...object, name: "photos/a b.jpg2" },
    ],
    next: null,
  }),
  systemStatus: async () => status,
  listTokens: async () => [{ name: "backup", created: "2019-12-24T00:00:00.000Z" }],
};

const golden = (name: string) => readFileSync(path.join(import.meta.dirname, "../golden/cli", name), "utf8");

describe("lists and records", () => {
  it.each([
    ["bucket list Hawaii/Cola -o table", "bucket-list.table.txt"],
    ["bucket list Hawaii/Cola -o tsv", "bucket-list.tsv.txt"],
    ["bucket list Hawaii/Cola -o json", "bucket-list.json.txt"],
    ["bucket list Hawaii/Cola -o name", "bucket-list.name.txt"],
    ["bucket show Hawaii/Cola/bk1", "bucket-show.txt"],
    ["bucket show Hawaii/Cola/bk1 -o table", "bucket-show.table.txt"],
    ["bucket show Hawaii/Cola/bk1 -o json", "bucket-show.json.txt"],
    ["object list Hawaii/Cola/bk1 -o table", "object-list.table.txt"],
    ["object show Hawaii/Cola/bk1/x", "object-show.txt"],
    ["object show Hawaii/Cola/bk1/x -o json", "object-show.json.txt"],
    ["system status -o table", "system-status.txt"],
    ["system status -o json", "system-status.json.txt"],
  ])("`%s` prints %s", async (line, file) => {
    const { exitCode, stdout, stderr } = await runCli(line, { api });
    expect(stderr).toBe("");
    await expect(stdout).toMatchFileSnapshot(`../golden/cli/${file}`);
    expect(exitCode).toBe(0);
  });

  it("are tables on a terminal and tab-separated in a pipe", async () => {
    expect((await runCli("bucket list a/b", { api })).stdout).toBe(golden("bucket-list.tsv.txt"));
    const onTerminal = await runCli("bucket list a/b", {
      api,
      isTerminal: true,
      environment: { NO_COLOR: "1" },
    });
    expect(onTerminal.stdout).toBe(golden("bucket-list.table.txt"));
  });

  it("print no header with --no-headers", async () => {
    const tsv = await runCli("bucket list a/b --no-headers", { api });
    expect(tsv.stdout.split("\n")[0]).toBe("bk1\t12345\t5000000000\t1\t2019-12-23T08:00:00.123Z");
    const table = await runCli("bucket list a/b --no-headers -o table", { api });
    expect(table.stdout).not.toContain("NAME");
  });

  it("print one value with --key, and name the keys when there is none of that name", async () => {
    expect((await runCli("bucket show a/b/c --key ccow-object-count", { api })).stdout).toBe("12345\n");
    const missing = await runCli("bucket show a/b/c --key nope", { api });
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toContain("ccow-bucket-id");
  });

  it("colour headers only where a terminal wants it", async () => {
    const colour = await runCli("bucket list a/b", { api, isTerminal: true });
    expect(colour.stdout).toContain("\u001b[1m");
    for (const environment of [{ NO_COLOR: "1" }, { CLICOLOR: "0" }, { TERM: "dumb" }] as const) {
      const plain = await runCli("bucket list a/b", { api, isTerminal: true, environment });
      expect(plain.stdout).not.toContain("\u001b[1m");
    }
    const forced = await runCli("bucket list a/b -o table", { api, environment: { CLICOLOR_FORCE: "1" } });
    expect(forced.stdout).toContain("\u001b[1m");
  });

  it("never hand a control character of a name to a terminal", async () => {
    for (const format of ["table", "tsv", "name", "json"]) {
      const { stdout } = await runCli(`bucket list a/b -o ${format}`, { api });
      expect(stdout).not.toContain("\u001b");
    }
  });

  it("say on a terminal that there is nothing, and print nothing in a pipe but the header", async () => {
    const empty = { listBuckets: async () => ({ items: [], next: null }) };
    const terminal = await runCli("bucket list a/b", { api: empty, isTerminal: true });
    expect(terminal).toMatchObject({ stdout: "", stderr: "efscli: no buckets\n", exitCode: 0 });
    expect((await runCli("bucket list a/b -o name", { api: empty })).stdout).toBe("");
  });

  it("ask for page after page, and keep columns aligned and the header single", async () => {
    const names = Array.from({ length: 2500 }, (_, index) => `object-${String(index).padStart(5, "0")}`);
    const asked: unknown[] = [];
    const paged: Partial<AdminClient> = {
      listObjects: async (_, query = {}) => {
        asked.push(query);
        const from = query.after === undefined ? 0 : names.indexOf(query.after) + 1;
        const page = names.slice(from, from + (query.limit ?? 1000));
        const last = page.at(-1) ?? "";
        const items = page.map((name) => ({
          ...object,
          name: name === "object-02000" ? `${name}-that-is-longer` : name,
        }));
        return { items, prefixes: [], next: from + page.length < names.length ? last : null };
      },
    };
    const { stdout } = await runCli("object list a/b/c -o table", { api: paged });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(2501);
    expect(lines.filter((line) => line.startsWith("NAME"))).toHaveLength(1);
    expect(asked).toHaveLength(3);
    const limited = await runCli("object list a/b/c --limit 1500 -o name", { api: paged });
    expect(limited.stdout.trimEnd().split("\n")).toHaveLength(1500);
    expect(asked.at(-1)).toMatchObject({ limit: 500 });
  });

  it.each(["tsv", "json", "table", "name"])(
    "leave stdout empty as %s when there is nothing to list from, rather than look like an empty list",
    async (format) => {
      const api = { listBuckets: () => Promise.reject(new EfsError("TENANT_NOT_FOUND", "no tenant a/b")) };
      expect(await runCli(`bucket list a/b -o ${format}`, { api })).toMatchObject({
        exitCode: 3,
        stdout: "",
      });
    },
  );

  it("begin at EdgeFS's -n marker, itself included, and say that it goes away", async () => {
    const seen: unknown[] = [];
    const marked: Partial<AdminClient> = {
      listBuckets: async (_, query) => {
        seen.push(query);
        return { items: [bucket("c", 0, 0)], next: null };
      },
      showBucket: async (name) => bucket(name.split("/")[2] ?? "", 0, 0),
    };
    const { stdout, stderr } = await runCli("bucket list x/y -n b -o name", { api: marked });
    expect(stdout).toBe("b\nc\n");
    expect(stderr).toContain("use --after NAME");
    expect(seen).toEqual([{ prefix: undefined, after: "b", limit: 1000 }]);
  });

  it("list only the versions of the very object that was named", async () => {
    const { stdout } = await runCli(
      ["object", "versions", "a/b/c/photos/a b.jpg", "-o", "tsv", "--no-headers"],
      { api },
    );
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split("\t").at(-1)),
    ).toEqual(["latest", "deleted"]);
  });
});

describe("verbs without words", () => {
  const there: Partial<AdminClient> = {
    createBucket: async () => {
      throw new EfsError("BUCKET_EXISTS", "bucket a/b/c exists");
    },
    showBucket: async () => bucket("c", 1, 1),
    deleteBucket: async () => {
      throw new EfsError("BUCKET_NOT_FOUND", "there is no bucket a/b/c");
    },
  };

  it("are silent when they succeed, and answer -o json and -o name", async () => {
    const asked: unknown[] = [];
    const made: Partial<AdminClient> = {
      createBucket: async (tenant, request) => {
        asked.push([tenant, request]);
        return bucket(request.name, 0, 0);
      },
    };
    const line = "bucket create Hawaii/Cola/bk1 -s 128K -n 5 --options owner=ops,X-team=a=b";
    expect(await runCli(line, { api: made })).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(asked).toEqual([
      [
        "Hawaii/Cola",
        { name: "bk1", chunkBytes: 131072, versionsKept: 5, custom: { "X-owner": "ops", "X-team": "a=b" } },
      ],
    ]);
    expect((await runCli(`${line} -o name`, { api: made })).stdout).toBe("bk1\n");
    expect(JSON.parse((await runCli(`${line} -o json`, { api: made })).stdout)).toMatchObject({
      schema: "efscli.bucket.create/1",
      name: "bk1",
    });
  });

  it("makes an encrypted bucket, by our word and by EdgeFS's, and changes one", async () => {
    const asked: unknown[] = [];
    const api: Partial<AdminClient> = {
      createBucket: async (_, { encryption }) => {
        asked.push(encryption);
        return bucket("bk1", 0, 0);
      },
      updateBucket: async (_, { encryption }) => {
        asked.push(encryption);
        return bucket("bk1", 0, 0);
      },
    };
    for (const line of [
      "create a/b/c --encrypted",
      "create a/b/c -e 1",
      "create a/b/c",
      "set a/b/c --encryption none",
    ]) {
      expect((await runCli(`bucket ${line}`, { api })).exitCode).toBe(0);
    }
    expect(asked).toEqual(["aes256", "aes256", undefined, "none"]);
    for (const wrong of ["create a/b/c -e 2", "set a/b/c --encryption des"]) {
      expect((await runCli(`bucket ${wrong}`, { api })).exitCode).toBe(2);
    }
  });

  it("changes a bucket by what was named, and refuses what is none", async () => {
    const asked: unknown[] = [];
    const api: Partial<AdminClient> = {
      updateBucket: async (path, request) => {
        asked.push([path, request]);
        return bucket("bk1", 0, 0);
      },
    };
    const line =
      "bucket set a/b/c -n 3 --versioning enabled --object-lock compliance:30 -q 2G --quota-count none";
    expect(await runCli(line, { api })).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect((await runCli("bucket set a/b/c --object-lock --versioning enabled", { api })).exitCode).toBe(0);
    const objectLock = { retention: { mode: "compliance", days: 30 } };
    expect(asked).toEqual([
      [
        "a/b/c",
        { versionsKept: 3, versioning: "enabled", objectLock, quotaBytes: 2 ** 31, quotaObjects: null },
      ],
      ["a/b/c", { versioning: "enabled", objectLock: { retention: null } }],
    ]);
    for (const wrong of [
      "",
      "--versioning on",
      "--object-lock forever",
      "-q lots",
      "--quota-count -1",
      "-n 0",
    ]) {
      const { exitCode, stderr } = await runCli(`bucket set a/b/c ${wrong}`.trim(), { api });
      expect([wrong, exitCode, stderr.includes("efscli")]).toEqual([wrong, 2, true]);
    }
  });

  it("removes one version for good when it is named", async () => {
    const asked: unknown[] = [];
    const api: Partial<AdminClient> = {
      deleteObject: async (...all) => {
        asked.push(all);
        return {} as never;
      },
    };
    expect((await runCli("object delete a/b/c/d --version-id 0A", { api })).exitCode).toBe(0);
    expect(asked).toEqual([["a/b/c", "d", "0A"]]);
  });

  it("may be repeated with --if-not-exists and --if-exists", async () => {
    expect((await runCli("bucket create a/b/c", { api: there })).exitCode).toBe(7);
    expect((await runCli("bucket create a/b/c --if-not-exists", { api: there })).exitCode).toBe(0);
    expect((await runCli("bucket delete a/b/c", { api: there })).exitCode).toBe(3);
    expect((await runCli("bucket delete a/b/c --if-exists", { api: there })).exitCode).toBe(0);
  });
});

describe("delete", () => {
  it("names what is in the way", async () => {
    const full: Partial<AdminClient> = {
      deleteTenant: () =>
        Promise.reject(
          new EfsError("NOT_EMPTY", "tenant a/b has buckets", { hint: "delete its buckets first" }),
        ),
      listBuckets: async (_, query) => ({
        items: ["p", "q", "r", "s"].slice(0, query?.limit).map((name) => bucket(name, 0, 0)),
        next: null,
      }),
    };
    const { exitCode, stderr } = await runCli("tenant delete a/b", { api: full });
    expect(stderr).toBe(
      "efscli: tenant delete: tenant a/b has buckets: p, q, r, … (NOT_EMPTY)\nhint: delete its buckets first\n",
    );
    expect(exitCode).toBe(7);
  });
});

describe("system", () => {
  it("init prints the System GUID and succeeds however often", async () => {
    expect((await runCli("system init", { api })).stdout).toBe(
      "System GUID: 30CB31D57B0D491FAFFD81AA62892445\n",
    );
    expect((await runCli("system init -f", { api })).exitCode).toBe(0);
    expect((await runCli("system init --fail-if-initialized", { api })).exitCode).toBe(7);
  });

  it("state says alive or dead in EdgeFS's words, and dead is exit 1", async () => {
    expect(await runCli("system state", { api })).toMatchObject({ stdout: "Alive.\n", exitCode: 0 });
    const dead = (code: "CONNECT_REFUSED" | "TIMEOUT") => ({
      systemStatus: () => Promise.reject(new EfsError(code, "no answer")),
    });
    expect(await runCli("system state", { api: dead("CONNECT_REFUSED") })).toMatchObject({
      stdout: "Dead. Error code -101.\n",
      exitCode: 1,
    });
    expect(await runCli("system state", { api: dead("TIMEOUT") })).toMatchObject({
      stdout: "Dead. Communication timeout.\n",
      exitCode: 1,
    });
    const readOnly = { systemStatus: async () => ({ ...status, isWritable: false }) };
    expect((await runCli("system state", { api: readOnly })).exitCode).toBe(0);
    expect((await runCli("system state --ready", { api: readOnly })).exitCode).toBe(1);
  });

  it("status --exit-code is 1 while an enabled service is at fault", async () => {
    const { exitCode, stderr } = await runCli("system status --exit-code", { api });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("hawaii: same segment (UNHEALTHY)");
    expect((await runCli("system status", { api })).exitCode).toBe(0);
  });

  it("token create prints the token alone on stdout", async () => {
    const tokens = {
      createToken: async (name: string) => ({ name, created: "2019-12-24T00:00:00.000Z", token: "efs-abc" }),
    };
    expect(await runCli("system token create backup", { api: tokens })).toMatchObject({
      stdout: "efs-abc\n",
      stderr: "",
    });
    expect((await runCli("system token list -o name", { api })).stdout).toBe("backup\n");
  });
});
