/** `object copy -r`: names under other names, page by page, and places that lie in one another. */
import { describe, expect, it } from "vitest";
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { ObjectInfo } from "../../src/api/object.ts";
import { EfsError } from "../../src/base/errors.ts";
import { runCli } from "./fake-session.ts";

const FROM = "Hawaii/Cola/bk1";
const TO = "Hawaii/Cola/bk2";

/** Two buckets of names; every copy that is asked for, as `bucket/from -> bucket/to`. */
function twoBuckets(names: readonly string[], refused: Readonly<Record<string, EfsError>> = {}) {
  const copies: string[] = [];
  const api: Partial<AdminClient> = {
    showBucket: async (path) => {
      if (path !== FROM && path !== TO) throw new EfsError("BUCKET_NOT_FOUND", `there is no bucket ${path}`);
      return {} as never;
    },
    listObjects: async (_, { prefix = "", after = "", limit = 1000 } = {}) => {
      const rest = names.filter((name) => name.startsWith(prefix) && name > after).sort();
      const items = rest.slice(0, limit).map((name) => ({ name, sizeBytes: 10 }) as ObjectInfo);
      return { items, prefixes: [], next: rest.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    copyObjects: async (bucket, { toBucket, items }) =>
      items.map((item) => {
        const error = refused[item.from];
        if (error !== undefined) return { error };
        copies.push(`${bucket}/${item.from} -> ${toBucket}/${item.to}`);
        return { name: item.to, sizeBytes: 10 } as ObjectInfo;
      }),
  };
  const copy = (...words: readonly string[]) => runCli(["object", "copy", "-r", ...words], { api });
  return { copies, copy };
}

describe("object copy -r", () => {
  it("copies every object of a bucket of several pages once, and says that no data moved", async () => {
    const names = Array.from({ length: 2500 }, (_, index) => `dir/${String(index).padStart(5, "0")}`);
    const { copies, copy } = twoBuckets(names);
    const ran = await copy(FROM, TO);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toBe("copied 2,500 objects (24.4K); no data moved\n");
    expect(new Set(copies)).toEqual(new Set(names.map((name) => `${FROM}/${name} -> ${TO}/${name}`)));
    expect(copies.length).toBe(2500);
  });

  it("copies only what lies below the prefix, to below the other", async () => {
    const { copies, copy } = twoBuckets(["a/1", "a/sub/2", "ab/3", "b/4"]);
    await copy(`${FROM}/a`, `${TO}/new/place`);
    expect(copies).toEqual([`${FROM}/a/1 -> ${TO}/new/place/1`, `${FROM}/a/sub/2 -> ${TO}/new/place/sub/2`]);
  });

  it("names what failed and copies the others, exit 1; what concerns all stops it", async () => {
    const some = twoBuckets(["a", "b", "c"], { b: new EfsError("OBJECT_NOT_FOUND", "there is no object b") });
    const ran = await some.copy(FROM, TO);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/^efscli: b: there is no object b \(OBJECT_NOT_FOUND\)$/m);
    expect(some.copies.length).toBe(2);
    const full = twoBuckets(["a", "b"], { a: new EfsError("NO_SPACE", "the disk is full") });
    expect((await full.copy(FROM, TO)).exitCode).toBe(8);
  });

  it.each([
    [FROM, FROM],
    [`${FROM}/a`, FROM],
    [FROM, `${FROM}/a`],
    [`${FROM}/a`, `${FROM}/a/b`],
  ])("refuses to copy %s to %s, which lie in one another", async (from, to) => {
    const { copies, copy } = twoBuckets(["a/1"]);
    expect((await copy(from, to)).exitCode).toBe(2);
    expect(copies).toEqual([]);
  });

  it("takes places side by side in one bucket, and refuses flags that do not go with -r", async () => {
    const { copies, copy } = twoBuckets(["a/1"]);
    expect((await copy(`${FROM}/a`, `${FROM}/ab`)).exitCode).toBe(0);
    expect(copies).toEqual([`${FROM}/a/1 -> ${FROM}/ab/1`]);
    expect((await copy(FROM, TO, "--version-id", "0".repeat(48))).exitCode).toBe(2);
    expect((await copy(FROM, TO, "--metadata", "k=v")).exitCode).toBe(2);
    expect((await copy(FROM, "Hawaii/Cola/missing")).exitCode).toBe(3);
  });
});
