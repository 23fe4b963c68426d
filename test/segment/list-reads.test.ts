/** How many records a list of 1,000 names reads, whatever the prefix and however many deleted names stand before them. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { MetaStore, Write } from "../../src/engine/meta-store.ts";
import { parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { parseObjectName } from "../../src/model/names.ts";
import { makeUvid } from "../../src/model/uvid.ts";
import { bucketKeys, endedKey, objectKey } from "../../src/segment/keys.ts";
import { encodeObjectRecord } from "../../src/segment/object/object-record.ts";
import type { ListObjectsOptions } from "../../src/segment/objects.ts";
import { BUCKET, TestClock, testSegment, withBucket } from "./support.ts";

const SEGMENT = parseSegmentId("A".repeat(16));
const WRITER = parseWriterId("0123456789ABCDEF");
const READS_MAX = 1100;

interface Counted {
  readonly engine: Engine;
  /** Records read since the last call. */
  take(): number;
}

function counted(): Counted {
  const engine = openMemoryEngine({ clock: new TestClock() });
  const { records } = engine;
  let count = 0;
  const counting: MetaStore = {
    get: (key) => {
      count += 1;
      return records.get(key);
    },
    getMany: (keys) => {
      count += keys.length;
      return records.getMany(keys);
    },
    scan: async (options) => {
      const page = await records.scan(options);
      count += page.records.length;
      return page;
    },
    commit: (batch) => records.commit(batch),
    lastPosition: (log) => records.lastPosition(log),
    watch: (prefix, onChange) => records.watch(prefix, onChange),
    syncCount: () => records.syncCount(),
    close: () => records.close(),
  };
  const take = () => {
    const taken = count;
    count = 0;
    return taken;
  };
  return { engine: { ...engine, records: counting }, take };
}

function recordOf(name: string, isDeleted: boolean): Uint8Array {
  const latest = {
    object: parseObjectName(name),
    uvid: makeUvid({ clock: 1n << 16n, segment: SEGMENT, writer: WRITER }),
    generation: 1,
    known: [],
    isDeleted,
    sizeBytes: 0,
    content: { kind: "none" as const },
    modifiedMs: 0,
    contentType: undefined,
    metadata: {},
    isNull: true,
    headers: {},
    digest: undefined,
  };
  return encodeObjectRecord({
    latest,
    revision: 1,
    olderCount: 0,
    olderNullCount: 0,
    expungedCount: 0,
    expungedNullCount: 0,
    conflictCount: 0,
    nullVersion: undefined,
    seen: undefined,
    isAnnotated: false,
  });
}

describe("a list of 1,000 of 20,000 names", () => {
  test("reads at most 1,100 records whatever the prefix, also with 100,000 deleted names before them", async () => {
    const { engine, take } = counted();
    const segment = await withBucket(await testSegment({ engine }));
    const { logId } = await segment.namespace.showBucket(BUCKET);
    const keys = bucketKeys(logId);
    const writes: Write[] = [];
    const put = (name: string) =>
      writes.push({ key: objectKey(keys, parseObjectName(name)), value: recordOf(name, false) });
    for (let index = 0; index < 100_000; index += 1) {
      const name = `a/${String(index).padStart(6, "0")}`;
      writes.push({ key: endedKey(keys, parseObjectName(name)), value: recordOf(name, true) });
    }
    // Two thousand directories, flat names, and names with and without a directory in turn.
    for (let index = 0; index < 10_000; index += 1)
      put(`dir/${String(index % 2000).padStart(4, "0")}/${index}`);
    for (let index = 0; index < 6000; index += 1) put(`flat-${index}`);
    for (let index = 0; index < 2000; index += 1) put(`mixed/${index}`);
    for (let index = 0; index < 2000; index += 1) put(`mixed/${index}-d/x`);
    for (let start = 0; start < writes.length; start += 900) {
      await engine.records.commit({ writes: writes.slice(start, start + 900) });
    }
    const asked: readonly ListObjectsOptions[] = [
      {},
      { prefix: "a/" },
      { prefix: "a" },
      { after: "a/050000" },
      { prefix: "dir/" },
      { prefix: "flat-" },
      { delimiter: "/" },
      { prefix: "a/", delimiter: "/" },
      { prefix: "dir/", delimiter: "/" },
      { prefix: "dir/", delimiter: "/", after: "dir/0500/" },
      { prefix: "dir/0007/", delimiter: "/" },
      { prefix: "mixed/", delimiter: "/" },
      { prefix: "flat", delimiter: "-" },
      { prefix: "none" },
    ];
    const reads: number[] = [];
    for (const options of asked) {
      take();
      await segment.objects.list(BUCKET, { ...options, limit: 1000 });
      reads.push(take());
    }
    expect(reads.map((count) => count <= READS_MAX)).toEqual(asked.map(() => true));
    const whole = await segment.objects.list(BUCKET, { delimiter: "/", limit: 10_000 });
    expect(whole.items.length).toBe(6002);
    const names = new Set<string>();
    for (let after: string | undefined; ; ) {
      const page = await segment.objects.list(BUCKET, {
        prefix: "mixed/",
        delimiter: "/",
        after,
        limit: 333,
      });
      for (const item of page.items) names.add(item.kind === "object" ? item.version.object : item.prefix);
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(names.size).toBe(4000);
  });
});
