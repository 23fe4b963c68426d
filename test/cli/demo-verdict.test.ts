/** The demo's verdict on a far side that is right, and on every way in which it can be wrong. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { ObjectInfo } from "../../src/api/object.ts";
import { EfsError } from "../../src/base/errors.ts";
import { chooseSources, countFiles } from "../../src/cli/commands/demo/tree.ts";
import { type Evidence, judge } from "../../src/cli/commands/demo/verdict.ts";

const BUCKET = "Hawaii/Cola/bk1";
const COPY = "Hawaii/Cola/bk1-copy";
const FILES: Readonly<Record<string, string>> = {
  "a.txt": "alpha",
  empty: "",
  "sub/b.txt": "beta ".repeat(40_000),
};

let directory = "";
/** What the far side holds: bucket to name to bytes. */
let far: Record<string, Map<string, Buffer>>;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "efs-verdict-"));
  const large = Buffer.alloc(300_000, 7);
  const held = new Map<string, Buffer>([["large.bin", large]]);
  writeFileSync(path.join(directory, "large.bin"), large);
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(path.dirname(path.join(directory, "tree", name)), { recursive: true });
    writeFileSync(path.join(directory, "tree", name), text);
    held.set(`tree/${name}`, Buffer.from(text));
  }
  symlinkSync("a.txt", path.join(directory, "tree", "link"));
  far = { [BUCKET]: held, [COPY]: new Map(held) };
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A far side that lists two objects a page and gives bodies in pieces of 64 KiB. */
function fakeClient(readError?: EfsError): AdminClient {
  const infoOf = (name: string, bytes: Buffer) =>
    ({
      name,
      sizeBytes: bytes.length,
      contentId: createHash("sha256").update(bytes).digest("hex"),
    }) as ObjectInfo;
  const fake: Pick<AdminClient, "listObjects" | "getObject"> = {
    async listObjects(bucket, query = {}) {
      const held = far[bucket] ?? new Map<string, Buffer>();
      const names = [...held.keys()].sort().filter((name) => name > (query.after ?? ""));
      const items = names.slice(0, 2).map((name) => infoOf(name, held.get(name) ?? Buffer.alloc(0)));
      return { items, prefixes: [], next: names.length > 2 ? (items.at(-1)?.name ?? null) : null };
    },
    async getObject(bucket, name) {
      const bytes = far[bucket]?.get(name) ?? Buffer.alloc(0);
      const body = (async function* () {
        for (let at = 0; at < bytes.length; at += 65_536) {
          if (readError !== undefined && at > 0) throw readError;
          yield bytes.subarray(at, at + 65_536);
        }
      })();
      return { info: infoOf(name, bytes), startByte: 0, endByte: bytes.length, body };
    },
  };
  return fake as AdminClient;
}

async function verdict(changes: Partial<Evidence> = {}, client = fakeClient()) {
  const sources = await chooseSources(path.join(directory, "tree"), "");
  const nothing = { chunks: 0, bytesSent: 0 };
  const evidence = {
    sources,
    directory,
    changed: { chunks: 1, bytesSent: 17_000 },
    copied: nothing,
    ...changes,
  };
  return judge(client, evidence, () => {});
}

describe("the demo's verdict", () => {
  it("passes when every byte is there, and leaves symlinks out", async () => {
    const { isPassed, text, faults } = await verdict();
    expect(faults).toEqual([]);
    expect(isPassed).toBe(true);
    expect(text).toMatch(/^PASS: 4 files, 488\.3K: every byte at the far side is as on disk/);
  });

  it.each<readonly [string, (held: Map<string, Buffer>) => void, string]>([
    [
      "one byte in a small file",
      (held) => held.set("tree/a.txt", Buffer.from("alphA")),
      "tree/a.txt: another byte at offset 4",
    ],
    [
      "one byte far into a large file",
      (held) =>
        held.set(
          "tree/sub/b.txt",
          Buffer.from((FILES["sub/b.txt"] ?? "").replace(/beta (?=beta $)/, "betA ")),
        ),
      "tree/sub/b.txt: another byte at offset 199993",
    ],
    [
      "a byte too few",
      (held) => held.set("tree/a.txt", Buffer.from("alph")),
      "tree/a.txt: 4 bytes, the file has 5",
    ],
    [
      "a byte too many",
      (held) => held.set("tree/a.txt", Buffer.from("alpha!")),
      "tree/a.txt: longer than the file's 5 bytes",
    ],
    [
      "content for an empty file",
      (held) => held.set("tree/empty", Buffer.from("x")),
      "tree/empty: longer than the file's 0 bytes",
    ],
    ["a missing object", (held) => held.delete("tree/empty"), "tree/empty: missing"],
    ["an object too many", (held) => held.set("tree/new", Buffer.from("x")), "tree/new: not among the files"],
  ])("fails on %s and names it", async (_what, tamper, sentence) => {
    tamper(far[BUCKET] ?? new Map());
    const { isPassed, text, faults } = await verdict();
    expect(isPassed).toBe(false);
    expect(text).toBe("FAIL: 1 of 4 files differ at the far side");
    expect(faults).toContain(sentence);
  });

  it("fails when the far side reports damage while it is read", async () => {
    const damage = new EfsError("CHUNK_CORRUPT", "a chunk does not match its id");
    const { isPassed, faults } = await verdict({}, fakeClient(damage));
    expect(isPassed).toBe(false);
    expect(faults).toContain("tree/sub/b.txt: a chunk does not match its id (CHUNK_CORRUPT)");
  });

  it("fails when the copied bucket lacks an object or holds another content", async () => {
    far[COPY]?.delete("tree/a.txt");
    far[COPY]?.set("large.bin", Buffer.from("other"));
    const { isPassed, text } = await verdict();
    expect(isPassed).toBe(false);
    expect(text).toMatch(/^FAIL: the far side is as on disk, but Hawaii\/Cola\/bk1-copy/);
  });

  it("fails when a change or a copy sent more than it may", async () => {
    expect((await verdict({ changed: { chunks: 4, bytesSent: 1000 } })).isPassed).toBe(false);
    expect((await verdict({ changed: { chunks: 1, bytesSent: 2_000_000 } })).isPassed).toBe(false);
    expect((await verdict({ copied: { chunks: 1, bytesSent: 1000 } })).isPassed).toBe(false);
  });
});

describe("the demo's files", () => {
  it("begin with the project's own node_modules and are topped up only until there are 10,000", async () => {
    const sources = await chooseSources(undefined, path.resolve(import.meta.dirname, "../.."));
    expect(sources[0]?.prefix).toBe("node_modules");
    expect(new Set(sources.map((source) => source.prefix)).size).toBe(sources.length);
    if (sources.length > 1) expect(countFiles(sources.slice(0, -1))).toBeLessThan(10_000);
  });

  it("are refused with a sentence when the directory is not there", async () => {
    await expect(chooseSources(path.join(directory, "nowhere"), "")).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });
});
