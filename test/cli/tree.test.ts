/** Trees in and out: what is taken, what is left alone, what is left out and said, and that nothing leads out of the target. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EfsError } from "../../src/base/errors.ts";
import { safeParts } from "../../src/cli/tree/target.ts";
import { FakeBucket } from "./fake-bucket.ts";
import { type RunOptions, runCli } from "./fake-session.ts";

let directory = "";
let bucket = new FakeBucket();
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "efscli-tree-"));
  bucket = new FakeBucket();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (...parts: readonly string[]) => path.join(directory, ...parts);
function write(name: string, content: string | Uint8Array, mtimeS = 1_577_000_000.5): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  utimesSync(at(name), mtimeS, mtimeS);
}
const put = (words = "", options: RunOptions = {}) =>
  runCli(
    ["object", "put", "-r", at("src"), "Hawaii/Cola/bk1", ...words.split(" ").filter((word) => word !== "")],
    { api: bucket.api, ...options },
  );
const get = (prefix = "", options: RunOptions = {}) =>
  runCli(["object", "get", "-r", `Hawaii/Cola/bk1${prefix}`, at("out")], { api: bucket.api, ...options });
const puts = () => bucket.calls.filter((call) => call.startsWith("putObject")).length;
/** Root may read everything, so nothing is unreadable to it: as root, the work is done as nobody. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  chmodSync(directory, 0o755);
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("object put -r", () => {
  it("stores all files below a directory under their relative names, with time and mode", async () => {
    write("src/a.txt", "alpha");
    write("src/deep/er/b.bin", Buffer.alloc(700_000, 7));
    write("src/empty", "");
    chmodSync(at("src/a.txt"), 0o750);
    const { exitCode, stdout, stderr } = await put();
    expect(stderr).toBe("");
    expect(stdout).toBe("stored 3 files (683.6K), 0 files unchanged\n");
    expect(exitCode).toBe(0);
    expect([...bucket.objects.keys()].sort()).toEqual(["a.txt", "deep/er/b.bin", "empty"]);
    expect(bucket.objects.get("a.txt")?.info.metadata).toEqual({
      "efs-mtime": "1577000000.500000000",
      "efs-mode": "0750",
    });
    expect(bucket.objects.get("deep/er/b.bin")?.bytes).toEqual(Buffer.alloc(700_000, 7));
  });

  it("puts below a prefix, with or without a slash at its end", async () => {
    write("src/a", "1");
    await runCli(["object", "put", "-r", at("src"), "Hawaii/Cola/bk1/p/q"], { api: bucket.api });
    await runCli(["object", "put", "-r", `${at("src")}/`, "Hawaii/Cola/bk1/x/"], { api: bucket.api });
    expect([...bucket.objects.keys()]).toEqual(["p/q/a", "x/a"]);
  });

  it("compares a thousand files with one call and puts none of them again", async () => {
    for (let index = 0; index < 1500; index += 1) write(`src/${index % 7}/${index}`, String(index));
    await put();
    bucket.calls.length = 0;
    const { stdout } = await put();
    expect(stdout).toBe("stored 0 files (0), 1,500 files unchanged\n");
    expect(bucket.calls).toEqual(["showObjects 1000", "showObjects 500"]);
  });

  it("puts again what has another size or time", async () => {
    write("src/same", "same");
    write("src/size", "12345");
    write("src/time", "12345");
    await put();
    bucket.calls.length = 0;
    write("src/size", "123456");
    write("src/time", "54321", 1_577_000_001);
    const { stdout } = await put();
    expect(stdout).toBe("stored 2 files (11B), 1 file unchanged\n");
    expect(bucket.calls.filter((call) => call.startsWith("putObject")).sort()).toEqual([
      "putObject size",
      "putObject time",
    ]);
  });

  it("renews the mode alone without moving content", async () => {
    write("src/tool", "#!/bin/sh\n");
    await put();
    bucket.calls.length = 0;
    chmodSync(at("src/tool"), 0o755);
    expect((await put()).stdout).toContain("time or mode renewed: 1 file\n");
    expect(bucket.calls).toEqual(["showObjects 1", "copyObject Hawaii/Cola/bk1/tool"]);
    expect(bucket.objects.get("tool")?.info.metadata["efs-mode"]).toBe("0755");
    expect((await put()).stdout).toBe("stored 0 files (0), 1 file unchanged\n");
  });

  it("finds with --checksum what size and time hide, and takes a new time for what it is", async () => {
    write("src/quiet", "12345");
    write("src/touched", "same");
    await put();
    write("src/quiet", "54321");
    write("src/touched", "same", 1_577_000_009);
    expect((await put()).stdout).toBe("stored 1 file (4B), 1 file unchanged\n");
    expect(bucket.objects.get("quiet")?.bytes.toString()).toBe("12345");
    write("src/touched", "same", 1_577_000_010);
    const { stdout } = await put("--checksum");
    expect(stdout).toBe("stored 1 file (5B), 0 files unchanged\ntime or mode renewed: 1 file\n");
    expect(bucket.objects.get("quiet")?.bytes.toString()).toBe("54321");
  });

  it("compares large content by reading both sides", async () => {
    const bytes = Buffer.alloc(600_000, 1);
    write("src/large", bytes);
    await put();
    const stored = bucket.objects.get("large");
    if (stored === undefined) throw new Error("not stored");
    bucket.objects.set("large", {
      ...stored,
      info: { ...stored.info, contentKind: "node", contentId: "00" },
    });
    expect((await put("--checksum")).stdout).toBe("stored 0 files (0), 1 file unchanged\n");
    bytes[599_999] = 2;
    write("src/large", bytes);
    expect((await put("--checksum")).stdout).toContain("stored 1 file");
  });

  it("leaves out symbolic links, empty directories and special files, and counts them in words", async () => {
    write("src/a", "1");
    symlinkSync("a", at("src/link"));
    symlinkSync("/", at("src/root"));
    mkdirSync(at("src/empty"));
    execFileSync("mkfifo", [at("src/fifo")]);
    const { exitCode, stdout } = await put();
    expect(stdout).toBe(
      "stored 1 file (1B), 0 files unchanged\nleft out: 2 symbolic links, 1 empty directory, 1 special file\n",
    );
    expect(exitCode).toBe(0);
  });

  it("names files that are not UTF-8 and goes on, exit 1", async () => {
    write("src/good", "1");
    execFileSync("sh", ["-c", `printf x > "$1/$(printf 'bad\\377name')"`, "sh", at("src")]);
    const { exitCode, stderr, stdout } = await put();
    expect(stderr).toBe(
      "efscli: bad\\\\xffname: the name is not UTF-8 (BAD_NAME)\nefscli: object put: 1 name failed; the others are done (SOME_FAILED)\n",
    );
    expect(stdout).toContain("stored 1 file");
    expect(exitCode).toBe(1);
    expect([...bucket.objects.keys()]).toEqual(["good"]);
  });

  it("names unreadable files and directories and goes on, exit 1", async () => {
    write("src/open", "1");
    write("src/shut", "2");
    write("src/closed/in", "3");
    chmodSync(at("src/shut"), 0);
    chmodSync(at("src/closed"), 0);
    const { exitCode, stderr } = await unprivileged(() => put());
    chmodSync(at("src/closed"), 0o755);
    expect(stderr).toContain("permission denied (DENIED)");
    expect(exitCode).toBe(1);
    expect([...bucket.objects.keys()]).toEqual(["open"]);
  });

  it("stores a file that changes while it is read once it rests, and names it when it never does", async () => {
    write("src/log", "a".repeat(500_000));
    let changes = 1;
    bucket.beforePut = () => {
      if (changes-- > 0) write("src/log", "b".repeat(500_001), 1_577_000_100);
    };
    expect((await put()).exitCode).toBe(0);
    expect(bucket.objects.get("log")?.bytes.toString()).toBe("b".repeat(500_001));
    changes = Number.POSITIVE_INFINITY;
    let stamp = 1_577_000_200;
    bucket.beforePut = () => write("src/log", "c".repeat(500_002), stamp++);
    write("src/log", "d".repeat(500_002), 1_577_000_150);
    const { exitCode, stderr } = await put();
    expect(stderr).toContain("changes while it is read (CONFLICT)");
    expect(exitCode).toBe(1);
    expect(bucket.objects.get("log")?.bytes.toString()).toBe("b".repeat(500_001));
  });

  it("names each failed put and stores the others; what concerns all stops at once", async () => {
    for (const name of ["a", "b", "c"]) write(`src/${name}`, name);
    bucket.beforePut = (name) => {
      if (name === "b") throw new EfsError("TOO_LARGE", "b is too large");
    };
    const some = await put("-o json");
    expect(some.exitCode).toBe(1);
    expect(JSON.parse(some.stdout)).toMatchObject({
      schema: "efscli.object.put/1",
      storedFiles: 2,
      failedFiles: 1,
      failures: [{ name: "b", code: "TOO_LARGE", message: "b is too large" }],
    });
    bucket.objects.clear();
    bucket.beforePut = () => {
      throw new EfsError("CONNECT_REFUSED", "nobody listens");
    };
    const all = await put();
    expect(all).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: "efscli: object put: nobody listens (CONNECT_REFUSED)\n",
    });
  });

  it("has many puts in flight, at most sixteen", async () => {
    for (let index = 0; index < 60; index += 1) write(`src/${index}`, "x");
    bucket.beforePut = () => new Promise((resolve) => setImmediate(resolve));
    await put();
    expect(bucket.inFlightMax).toBeGreaterThan(4);
    expect(bucket.inFlightMax).toBeLessThanOrEqual(16);
  });

  it("fails for a directory or bucket that is not there", async () => {
    expect(await put()).toMatchObject({ exitCode: 3 });
    mkdirSync(at("src"));
    const words = ["object", "put", "-r", at("src"), "Hawaii/Cola/none"];
    expect(await runCli(words, { api: bucket.api })).toMatchObject({ exitCode: 3 });
  });

  it("stops when the person interrupts, exit 130", async () => {
    for (let index = 0; index < 50; index += 1) write(`src/${index}`, "x");
    const interruption = new AbortController();
    bucket.beforePut = (name) => {
      if (name === "3") interruption.abort();
    };
    expect((await put("", { signal: interruption.signal })).exitCode).toBe(130);
    expect(puts()).toBeLessThan(50);
  });
});

describe("object put -r --delete", () => {
  beforeEach(async () => {
    for (let index = 0; index < 10; index += 1) write(`src/${index}`, "x");
    await put();
    bucket.calls.length = 0;
  });

  it("removes objects that have no file", async () => {
    rmSync(at("src/3"));
    write("src/new", "n");
    const { stdout, exitCode } = await put("--delete");
    expect(stdout).toBe("stored 1 file (1B), 9 files unchanged\nremoved 1 object\n");
    expect(exitCode).toBe(0);
    expect(bucket.objects.has("3")).toBe(false);
  });

  it("removes only below the prefix", async () => {
    bucket.store("other/1", Buffer.from("x"));
    mkdirSync(at("sub"));
    writeFileSync(at("sub/1"), "x");
    const words = ["object", "put", "-r", at("sub"), "Hawaii/Cola/bk1/other", "--delete"];
    await runCli(words, { api: bucket.api });
    expect(bucket.objects.size).toBe(11);
  });

  it("brakes at more than half, before anything is put or removed", async () => {
    for (const index of [0, 1, 2, 3, 4, 5]) rmSync(at(`src/${index}`));
    write("src/new", "n");
    const { exitCode, stderr } = await put("--delete");
    expect(exitCode).toBe(7);
    expect(stderr).toContain("6 objects of 10 objects would be removed, --max-delete 50% allows 5");
    expect(stderr).toContain("hint: look whether the directory is the right one; if so: --max-delete 6");
    expect(bucket.objects.size).toBe(10);
    expect(puts()).toBe(0);
    expect((await put("--delete --max-delete 6")).exitCode).toBe(0);
    expect(bucket.objects.size).toBe(5);
  });

  it("brakes for an empty directory and for a count that is too small", async () => {
    rmSync(at("src"), { recursive: true });
    mkdirSync(at("src"));
    expect((await put("--delete")).exitCode).toBe(7);
    expect((await put("--delete --max-delete 9")).exitCode).toBe(7);
    expect(bucket.objects.size).toBe(10);
    expect((await put("--delete --max-delete 100%")).exitCode).toBe(0);
    expect(bucket.objects.size).toBe(0);
  });

  it("keeps the object of a file that became a link or could not be read", async () => {
    rmSync(at("src/3"));
    symlinkSync("4", at("src/3"));
    await put("--delete");
    expect(bucket.objects.has("3")).toBe(true);
  });

  it("removes nothing while a directory cannot be read", async () => {
    write("src/dir/in", "x");
    await put();
    chmodSync(at("src/dir"), 0);
    rmSync(at("src/1"));
    const { exitCode, stderr } = await unprivileged(() => put("--delete"));
    chmodSync(at("src/dir"), 0o755);
    expect(stderr).toContain("nothing is removed while a part of the tree is unknown");
    expect(exitCode).toBe(5);
    expect(bucket.objects.size).toBe(11);
  });
});

describe("object get -r", () => {
  it("writes a tree back as it was: bytes, times, modes", async () => {
    write("src/a.txt", "alpha", 1_500_000_000.25);
    write("src/deep/er/b", Buffer.alloc(5000, 3));
    write("src/sh", "x");
    chmodSync(at("src/sh"), 0o751);
    await put();
    const { stdout, exitCode } = await get();
    expect(stdout).toBe("wrote 3 files (4.9K), 0 files unchanged\n");
    expect(exitCode).toBe(0);
    expect(readFileSync(at("out/deep/er/b"))).toEqual(Buffer.alloc(5000, 3));
    expect(statSync(at("out/a.txt")).mtimeMs).toBe(1_500_000_000_250);
    expect(statSync(at("out/sh")).mode & 0o7777).toBe(0o751);
    expect((await get()).stdout).toBe("wrote 0 files (0), 3 files unchanged\n");
    expect(
      (await runCli(["object", "put", "-r", at("out"), "Hawaii/Cola/bk1"], { api: bucket.api })).stdout,
    ).toBe("stored 0 files (0), 3 files unchanged\n");
  });

  it("takes only what lies below the prefix", async () => {
    for (const name of ["p/a", "p/b/c", "pq/d", "p"]) bucket.store(name, Buffer.from(name));
    await get("/p");
    expect(readdirSync(at("out"), { recursive: true }).sort()).toEqual(["a", "b", "b/c"]);
  });

  it.each([
    "../out-of-here",
    "a/../../b",
    "/etc/passwd",
    "a//b",
    "a/",
    "./a",
    "..",
    ".",
    `${"n".repeat(256)}`,
    "d/".repeat(300),
  ])("never writes the name %j, says so and writes the others, exit 1", async (name) => {
    bucket.store(name, Buffer.from("evil"));
    bucket.store("good", Buffer.from("good"));
    const before = readdirSync(directory);
    const { exitCode, stderr } = await get();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("cannot be a file here");
    expect(readFileSync(at("out/good"), "utf8")).toBe("good");
    expect(readdirSync(at("out"), { recursive: true })).toEqual(["good"]);
    expect(readdirSync(directory)).toEqual([...before, "out"].sort());
  });

  it("does not go through symbolic links in the target, and replaces a link in a file's place by the file", async () => {
    mkdirSync(at("out"));
    mkdirSync(at("elsewhere"));
    writeFileSync(at("elsewhere/file"), "old");
    symlinkSync("../elsewhere", at("out/dir"));
    symlinkSync("../elsewhere/file", at("out/link"));
    bucket.store("dir/x", Buffer.from("new"));
    bucket.store("link", Buffer.from("new"));
    const { exitCode, stderr } = await get();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("a symbolic link, which might lead elsewhere (EXISTS)");
    expect(readdirSync(at("elsewhere"))).toEqual(["file"]);
    expect(readFileSync(at("elsewhere/file"), "utf8")).toBe("old");
    expect(lstatSync(at("out/link")).isFile()).toBe(true);
  });

  it("names a name that is file and directory at once", async () => {
    bucket.store("a", Buffer.from("file"));
    bucket.store("a/b", Buffer.from("below"));
    bucket.store("c", Buffer.from("fine"));
    mkdirSync(at("out/c"), { recursive: true });
    const { exitCode, stderr } = await get();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/\(EXISTS\)\n(.|\n)*\(EXISTS\)\n/);
    // Whichever of the two came first.
    const names = readdirSync(at("out"), { recursive: true }).sort();
    expect([
      ["a", "c"],
      ["a", "a/b", "c"],
    ]).toContainEqual(names);
  });

  it("keeps the old file when an object cannot be read, and leaves nothing half written", async () => {
    bucket.store("bad", Buffer.from("0123456789".repeat(500)));
    bucket.store("good", Buffer.from("good"));
    write("out/bad", "old");
    const api = {
      ...bucket.api,
      getObject: async (path: string, name: string) => {
        const got = await bucket.api.getObject?.(path, name);
        if (got === undefined || name !== "bad") return got as never;
        return { ...got, body: breaking(got.body) };
      },
    };
    const { exitCode, stderr } = await get("", { api });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("efscli: bad: chunk 1 is corrupt (CHUNK_CORRUPT)");
    expect(readFileSync(at("out/bad"), "utf8")).toBe("old");
    expect(readdirSync(at("out")).sort()).toEqual(["bad", "good"]);
  });

  it("gives no file set-uid, whatever its metadata says", async () => {
    bucket.store("sh", Buffer.from("x"), { "efs-mode": "6755", "efs-mtime": "soon" });
    await get();
    expect(statSync(at("out/sh")).mode & 0o7777).toBe(0o755);
  });

  it("writes any name below the target or nowhere", () => {
    const part = fc.constantFrom("a", "b", "..", ".", "", "c d", "\n", "\u202e", "é", "...", "-rf");
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const name = parts.join("/");
        let target: string;
        try {
          safeParts(name);
          target = `/root/of/all/${name}`;
        } catch (thrown) {
          return thrown instanceof EfsError;
        }
        return path.posix.normalize(target) === target && target.startsWith("/root/of/all/");
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

async function* breaking(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    yield piece;
    throw new EfsError("CHUNK_CORRUPT", "chunk 1 is corrupt");
  }
}

describe("one object", () => {
  const one = (...words: readonly string[]) => runCli(["object", ...words], { api: bucket.api });

  it("is put from a file or from stdin", async () => {
    write("a.bin", Buffer.alloc(400_000, 9));
    expect(await one("put", "Hawaii/Cola/bk1/x/a", at("a.bin"))).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(bucket.objects.get("x/a")?.bytes).toEqual(Buffer.alloc(400_000, 9));
    const piped = await runCli("object put Hawaii/Cola/bk1/in - --metadata Author=mako,b=c=d", {
      api: bucket.api,
      stdin: "from a pipe",
    });
    expect(piped.exitCode).toBe(0);
    expect(bucket.objects.get("in")).toMatchObject({ info: { metadata: { author: "mako", b: "c=d" } } });
  });

  it("is read to its end even when the file says that it is empty", async () => {
    expect((await one("put", "Hawaii/Cola/bk1/status", "/proc/self/status")).exitCode).toBe(0);
    expect(bucket.objects.get("status")?.bytes.toString()).toContain("Pid:");
  });

  it("says what is wrong with a directory or a missing file", async () => {
    expect(await one("put", "Hawaii/Cola/bk1/x", at("."))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("object put -r"),
    });
    expect(await one("put", "Hawaii/Cola/bk1/x", at("no"))).toMatchObject({ exitCode: 3 });
  });

  it("is written to a file, a directory, stdout, or under its own name", async () => {
    bucket.store("dir/a.txt", Buffer.from("alpha"));
    expect((await one("get", "Hawaii/Cola/bk1/dir/a.txt", at("x"))).exitCode).toBe(0);
    expect(readFileSync(at("x"), "utf8")).toBe("alpha");
    await one("get", "Hawaii/Cola/bk1/dir/a.txt", directory);
    expect(readFileSync(at("a.txt"), "utf8")).toBe("alpha");
    expect((await one("get", "Hawaii/Cola/bk1/dir/a.txt", "-")).stdout).toBe("alpha");
    const json = await one("get", "Hawaii/Cola/bk1/dir/a.txt", at("x"), "-o", "json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: "efscli.object.get/1",
      file: at("x"),
      sizeBytes: 5,
    });
    expect((await one("get", "Hawaii/Cola/bk1/dir/a.txt", "-", "-o", "json")).exitCode).toBe(2);
  });

  it("gives the bytes of a range as HTTP counts them", async () => {
    bucket.store("ten", Buffer.from("0123456789"));
    const range = async (text: string) =>
      (await one("get", "Hawaii/Cola/bk1/ten", "-", "--range", text)).stdout;
    expect(await range("0-0")).toBe("0");
    expect(await range("2-4")).toBe("234");
    expect(await range("8-")).toBe("89");
    expect(await range("8-100")).toBe("89");
    expect(await range("-3")).toBe("789");
    expect(await range("-30")).toBe("0123456789");
    expect((await one("get", "Hawaii/Cola/bk1/ten", "-", "--range", "10-")).exitCode).toBe(2);
  });

  it("never leaves an empty file behind when the object is missing, and keeps what is there with --no-clobber", async () => {
    expect((await one("get", "Hawaii/Cola/bk1/none", at("none"))).exitCode).toBe(3);
    expect(existsSync(at("none"))).toBe(false);
    write("kept", "mine");
    bucket.store("o", Buffer.from("theirs"));
    expect((await one("get", "Hawaii/Cola/bk1/o", at("kept"), "--no-clobber")).exitCode).toBe(7);
    expect(readFileSync(at("kept"), "utf8")).toBe("mine");
    expect((await one("get", "Hawaii/Cola/bk1/o", at("fresh"), "--no-clobber")).exitCode).toBe(0);
  });

  it("writes through a symbolic link, keeps the mode of what it replaces, and writes into devices", async () => {
    bucket.store("o", Buffer.from("new"));
    write("real", "old");
    chmodSync(at("real"), 0o600);
    symlinkSync("real", at("link"));
    await one("get", "Hawaii/Cola/bk1/o", at("link"));
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("real"), "utf8")).toBe("new");
    expect(statSync(at("real")).mode & 0o777).toBe(0o600);
    expect((await one("get", "Hawaii/Cola/bk1/o", "/dev/null")).exitCode).toBe(0);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("asks for a file when the name ends in no file name", async () => {
    bucket.store("a/", Buffer.from("x"));
    bucket.store("a/..", Buffer.from("x"));
    expect((await one("get", "Hawaii/Cola/bk1/a/")).exitCode).toBe(2);
    expect((await one("get", "Hawaii/Cola/bk1/a/..", directory)).exitCode).toBe(2);
    expect((await one("get", "Hawaii/Cola/bk1/a/..", at("named"))).exitCode).toBe(0);
  });
});
