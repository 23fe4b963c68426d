/** The sentences of meta-store.ts. */
import { describe, expect, it } from "vitest";
import { equalBytes, prefixEnd } from "../../src/base/bytes.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_OPERATIONS_MAX,
  logRecordKey,
  RECORD_KEY_BYTES_MAX,
  RECORD_VALUE_BYTES_MAX,
} from "../../src/engine/meta-store.ts";
import type { EngineUnderTest } from "./suite.ts";
import { codeOf, creating, i64, key, put, text, texts, until, value } from "./support.ts";

export function describeRecords(current: () => EngineUnderTest): void {
  describe("records", () => {
    describeReading(current);
    describeScanning(current);
    describeCommits(current);
    describeCounters(current);
    describeLogs(current);
    describeLimits(current);
    describeWatching(current);
  });
}

function describeReading(current: () => EngineUnderTest): void {
  it("gives undefined for a key that was never written", async () => {
    expect(await current().engine.records.get(key("nothing"))).toBeUndefined();
  });

  it("gives what was committed, also after it was opened anew", async () => {
    const test = current();
    await put(test.engine.records, { a: "1", b: "" });
    expect(text(await test.engine.records.get(key("a")))).toBe("1");
    await test.reopen();
    if (!test.canReopen) return;
    expect(text(await test.engine.records.get(key("a")))).toBe("1");
    expect(text(await test.engine.records.get(key("b")))).toBe("");
  });

  it("gives many in the order asked for, absent ones as undefined", async () => {
    const { records } = current().engine;
    await put(records, { a: "1", b: "2" });
    const found = await records.getMany([key("b"), key("c"), key("a"), key("b")]);
    expect(found.map(text)).toEqual(["2", undefined, "1", "2"]);
  });

  it("keeps its own copy of what goes in, and gives away copies", async () => {
    const { records } = current().engine;
    const written = value("before");
    const name = key("k");
    const committed = records.commit({ writes: [{ key: name, value: written }] });
    written.fill(0);
    name.fill(0);
    await committed;
    const first = await records.get(key("k"));
    expect(text(first)).toBe("before");
    first?.fill(0);
    expect(text(await records.get(key("k")))).toBe("before");
    const page = await records.scan({ from: key("a"), to: key("z"), limit: 10 });
    page.records[0]?.value.fill(0);
    expect(text(await records.get(key("k")))).toBe("before");
  });

  it("takes keys and values of any bytes", async () => {
    const { records } = current().engine;
    const keys = [[0], [0, 0], [0xff], [0xff, 0xff], [0, 0xff, 0x80], [0x80]].map(
      (bytes) => new Uint8Array(bytes),
    );
    await records.commit({ writes: keys.map((name) => ({ key: name, value: name })) });
    expect(await records.getMany(keys)).toEqual(keys);
  });
}

function describeScanning(current: () => EngineUnderTest): void {
  const NAMES = ["a", "b", "ba", "c", "d"];

  async function filled() {
    const { records } = current().engine;
    await put(records, Object.fromEntries(NAMES.map((name) => [name, name.toUpperCase()])));
    return records;
  }

  it("scans from the first key included to the last not included, in byte order", async () => {
    const records = await filled();
    const page = await records.scan({ from: key("b"), to: key("d"), limit: 10 });
    expect(texts(page.records)).toEqual([
      ["b", "B"],
      ["ba", "BA"],
      ["c", "C"],
    ]);
    expect(page.isTruncated).toBe(false);
  });

  it("scans backward from the greatest key of the range", async () => {
    const records = await filled();
    const page = await records.scan({ from: key("b"), to: key("d"), direction: "backward", limit: 10 });
    expect(texts(page.records).map(([name]) => name)).toEqual(["c", "ba", "b"]);
  });

  it("says when the range holds more than the limit, in both directions", async () => {
    const records = await filled();
    for (const direction of ["forward", "backward"] as const) {
      const page = await records.scan({ from: key("a"), to: key("z"), direction, limit: 2 });
      expect(page.records.length).toBe(2);
      expect(page.isTruncated).toBe(true);
      const whole = await records.scan({ from: key("a"), to: key("z"), direction, limit: 5 });
      expect(whole.isTruncated).toBe(false);
    }
  });

  it("gives nothing for an empty or upside-down range", async () => {
    const records = await filled();
    for (const [from, to] of [
      ["x", "z"],
      ["d", "b"],
      ["b", "b"],
    ] as const) {
      for (const direction of ["forward", "backward"] as const) {
        expect(await records.scan({ from: key(from), to: key(to), direction, limit: 5 })).toEqual({
          records: [],
          isTruncated: false,
        });
      }
    }
  });

  it("orders keys as unsigned bytes", async () => {
    const { records } = current().engine;
    const keys = [[0x7f], [0x80], [0x00], [0xff], [0x7f, 0x00], [0xc3, 0xa9], [0x80, 0xff]].map(
      (bytes) => new Uint8Array([1, ...bytes]),
    );
    await records.commit({ writes: keys.map((name) => ({ key: name, value: value("v") })) });
    const page = await records.scan({ from: new Uint8Array([1]), to: new Uint8Array([2]), limit: 100 });
    expect(page.records.map((record) => Buffer.from(record.key).toString("hex"))).toEqual(
      keys.map((name) => Buffer.from(name).toString("hex")).sort(),
    );
  });

  it("walks a large range page by page without a gap or a repeat, over a reopening", async () => {
    const test = current();
    const names = Array.from({ length: 2500 }, (_, index) => `k${String(index).padStart(5, "0")}`);
    for (let first = 0; first < names.length; first += 500) {
      await put(
        test.engine.records,
        Object.fromEntries(names.slice(first, first + 500).map((name) => [name, name])),
      );
      if (first === 1000) await test.reopen();
    }
    const walked: Array<string | undefined> = [];
    let from = key("k");
    for (;;) {
      const page = await test.engine.records.scan({ from, to: key("l"), limit: 333 });
      walked.push(...page.records.map((record) => text(record.key)));
      const last = page.records[page.records.length - 1];
      if (!page.isTruncated || last === undefined) break;
      from = new Uint8Array([...last.key, 0]);
    }
    expect(walked).toEqual(names);
  });

  it("ends a page after about 4 MiB of values", async () => {
    const { records } = current().engine;
    const large = new Uint8Array(RECORD_VALUE_BYTES_MAX);
    for (let batch = 0; batch < 7; batch += 1) {
      const writes = [0, 1, 2].map((index) => ({ key: key(`v${batch}${index}`), value: large }));
      await records.commit({ writes });
    }
    const page = await records.scan({ from: key("v"), to: key("w"), limit: 100 });
    expect(page.isTruncated).toBe(true);
    expect(page.records.length).toBe(16);
  });

  it("does not show what was removed, nor what was removed and written again as two", async () => {
    const test = current();
    await filled();
    await test.reopen();
    if (!test.canReopen) await filled();
    await test.engine.records.commit({ writes: [{ key: key("b"), value: undefined }] });
    await test.engine.records.commit({ writes: [{ key: key("c"), value: value("again") }] });
    const page = await test.engine.records.scan({ from: key("a"), to: key("z"), limit: 10 });
    expect(texts(page.records)).toEqual([
      ["a", "A"],
      ["ba", "BA"],
      ["c", "again"],
      ["d", "D"],
    ]);
    const backward = await test.engine.records.scan({
      from: key("a"),
      to: key("z"),
      direction: "backward",
      limit: 10,
    });
    expect(texts(backward.records)).toEqual(texts(page.records).toReversed());
  });
}

function describeCommits(current: () => EngineUnderTest): void {
  it("commits nothing when a check fails, and names the first that did", async () => {
    const { records } = current().engine;
    await put(records, { a: "1", n: "12345678" });
    const outcome = await records.commit({
      checks: [
        { key: key("a"), expected: value("1") },
        { key: key("b"), expected: undefined },
        { key: key("a"), expected: value("2") },
        { key: key("b"), expected: value("") },
      ],
      writes: [{ key: key("c"), value: value("3") }],
      adds: [{ key: key("count"), delta: 1n }],
      appends: [{ log: key("log/"), value: value("entry") }],
    });
    expect(outcome).toEqual({ isCommitted: false, failedCheck: 2 });
    expect(await records.getMany([key("c"), key("count")])).toEqual([undefined, undefined]);
    expect(await records.lastPosition(key("log/"))).toBe(0n);
  });

  it("tells an empty value from an absent one in a check", async () => {
    const { records } = current().engine;
    await put(records, { empty: "" });
    const absent = await records.commit({ checks: [{ key: key("empty"), expected: undefined }] });
    const empty = await records.commit({ checks: [{ key: key("empty"), expected: value("") }] });
    const other = await records.commit({ checks: [{ key: key("none"), expected: value("") }] });
    expect([absent.isCommitted, empty.isCommitted, other.isCommitted]).toEqual([false, true, false]);
  });

  it("checks before it writes, and lets the last write of a key count", async () => {
    const { records } = current().engine;
    const outcome = await records.commit({
      checks: [{ key: key("a"), expected: undefined }],
      writes: [
        { key: key("a"), value: value("1") },
        { key: key("a"), value: value("2") },
        { key: key("b"), value: value("1") },
        { key: key("b"), value: undefined },
      ],
    });
    expect(outcome.isCommitted).toBe(true);
    expect((await records.getMany([key("a"), key("b")])).map(text)).toEqual(["2", undefined]);
  });

  it("lets exactly one of many commits in flight create a key", async () => {
    const { records } = current().engine;
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => records.commit(creating("only", `${index}`))),
    );
    expect(outcomes.filter((outcome) => outcome.isCommitted).length).toBe(1);
    const winner = outcomes.findIndex((outcome) => outcome.isCommitted);
    expect(text(await records.get(key("only")))).toBe(`${winner}`);
  });

  it("lets each commit in flight see those before it: a chain of expected values", async () => {
    const { records } = current().engine;
    await put(records, { chain: "0" });
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        records.commit({
          checks: [{ key: key("chain"), expected: value(`${index}`) }],
          writes: [{ key: key("chain"), value: value(`${index + 1}`) }],
        }),
      ),
    );
    expect(outcomes.every((outcome) => outcome.isCommitted)).toBe(true);
    expect(text(await records.get(key("chain")))).toBe("40");
  });

  it("shows what resolved at once, to reads and to scans", async () => {
    const { records } = current().engine;
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await put(records, { [`s${index}`]: `${index}` });
        expect(text(await records.get(key(`s${index}`)))).toBe(`${index}`);
        const page = await records.scan({ from: key(`s${index}`), to: key(`s${index}\0`), limit: 1 });
        expect(page.records.length).toBe(1);
      }),
    );
  });

  it("commits an empty batch", async () => {
    expect(await current().engine.records.commit({})).toEqual({ isCommitted: true, positions: [] });
  });
}

function describeCounters(current: () => EngineUnderTest): void {
  it("adds to counters that begin at 0 and may go below it, many in flight", async () => {
    const test = current();
    const deltas = Array.from({ length: 100 }, (_, index) => BigInt(index % 7) - 4n);
    await Promise.all(
      deltas.map((delta) => test.engine.records.commit({ adds: [{ key: key("n"), delta }] })),
    );
    const sum = deltas.reduce((total, delta) => total + delta, 0n);
    expect(await test.engine.records.get(key("n"))).toEqual(i64(sum));
    await test.reopen();
    if (test.canReopen) expect(await test.engine.records.get(key("n"))).toEqual(i64(sum));
  });

  it("adds twice in one batch, and after the batch's writes", async () => {
    const { records } = current().engine;
    await records.commit({
      writes: [{ key: key("n"), value: i64(10n) }],
      adds: [
        { key: key("n"), delta: 5n },
        { key: key("n"), delta: -1n },
      ],
    });
    expect(await records.get(key("n"))).toEqual(i64(14n));
  });

  it("refuses to add to a record that is no counter, and changes nothing", async () => {
    const { records } = current().engine;
    await put(records, { n: "three" });
    const commit = records.commit({
      writes: [{ key: key("other"), value: value("1") }],
      adds: [{ key: key("n"), delta: 1n }],
      appends: [{ log: key("log/"), value: value("1") }],
    });
    const later = records.commit(creating("later"));
    expect(await codeOf(commit)).toBe("RECORD_CORRUPT");
    expect((await later).isCommitted).toBe(true);
    expect(text(await records.get(key("n")))).toBe("three");
    expect(await records.get(key("other"))).toBeUndefined();
    expect(await records.lastPosition(key("log/"))).toBe(0n);
  });
}

function describeLogs(current: () => EngineUnderTest): void {
  const LOG = key("log/");

  async function entries(test: EngineUnderTest) {
    const page = await test.engine.records.scan({ from: LOG, to: prefixEnd(LOG) ?? LOG, limit: 1000 });
    return page.records;
  }

  it("gives positions from 1 without a gap, in the order of the calls, and keeps them over a reopening", async () => {
    const test = current();
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        test.engine.records.commit({ appends: [{ log: LOG, value: value(`${index}`) }] }),
      ),
    );
    const positions = outcomes.flatMap((outcome) => (outcome.isCommitted ? outcome.positions : []));
    expect(positions).toEqual(Array.from({ length: 30 }, (_, index) => BigInt(index + 1)));
    await test.reopen();
    if (test.canReopen) {
      expect(await test.engine.records.lastPosition(LOG)).toBe(30n);
      await test.engine.records.commit({ appends: [{ log: LOG, value: value("30") }] });
      expect((await entries(test)).map((record) => text(record.value))).toEqual(
        Array.from({ length: 31 }, (_, index) => `${index}`),
      );
    }
  });

  it("keeps log records under the log's key and the position", async () => {
    const test = current();
    await test.engine.records.commit({
      appends: [
        { log: LOG, value: value("one") },
        { log: LOG, value: value("two") },
      ],
    });
    expect(text(await test.engine.records.get(logRecordKey(LOG, 2n)))).toBe("two");
    expect((await entries(test)).map((record) => record.key)).toEqual([
      logRecordKey(LOG, 1n),
      logRecordKey(LOG, 2n),
    ]);
  });

  it("counts each log by itself", async () => {
    const { records } = current().engine;
    const outcome = await records.commit({
      appends: [
        { log: key("x/"), value: value("1") },
        { log: key("y/"), value: value("1") },
        { log: key("x/"), value: value("2") },
      ],
    });
    expect(outcome).toEqual({ isCommitted: true, positions: [1n, 1n, 2n] });
    expect(await records.lastPosition(key("x/"))).toBe(2n);
    expect(await records.lastPosition(key("y/"))).toBe(1n);
    expect(await records.lastPosition(key("z/"))).toBe(0n);
  });

  it("writes a position into a value at its offset, and leaves the caller's array alone", async () => {
    const { records } = current().engine;
    await records.commit({ appends: [{ log: LOG, value: value("first") }] });
    const template = new Uint8Array(20).fill(0xaa);
    await records.commit({
      writes: [
        { key: key("w0"), value: template, position: { append: 0, offset: 0 } },
        { key: key("w1"), value: template, position: { append: 1, offset: 12 } },
      ],
      appends: [
        { log: LOG, value: value("second") },
        { log: key("other/"), value: value("1") },
      ],
    });
    const [first, second] = await records.getMany([key("w0"), key("w1")]);
    expect(Buffer.from(first ?? []).toString("hex")).toBe(`0000000000000002${"aa".repeat(12)}`);
    expect(Buffer.from(second ?? []).toString("hex")).toBe(`${"aa".repeat(12)}0000000000000001`);
    expect(template).toEqual(new Uint8Array(20).fill(0xaa));
  });

  it("goes on counting where it was when the log was trimmed to nothing", async () => {
    const test = current();
    await test.engine.records.commit({ appends: [{ log: LOG, value: value("one") }] });
    await test.engine.records.commit({ writes: [{ key: logRecordKey(LOG, 1n), value: undefined }] });
    await test.reopen();
    if (!test.canReopen) expect(await entries(test)).toEqual([]);
    const outcome = await test.engine.records.commit({ appends: [{ log: LOG, value: value("two") }] });
    expect(outcome).toEqual({ isCommitted: true, positions: [2n] });
  });

  it("shows positions in order: a reader that sees one sees all before it", async () => {
    const { records } = current().engine;
    let isDone = false;
    const writing = Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        records.commit({ appends: [{ log: LOG, value: value(`${index}`) }] }),
      ),
    ).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const page = await records.scan({ from: LOG, to: prefixEnd(LOG) ?? LOG, limit: 1000 });
      page.records.forEach((record, index) => {
        expect(record.key).toEqual(logRecordKey(LOG, BigInt(index + 1)));
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });
}

function describeLimits(current: () => EngineUnderTest): void {
  const long = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(0x61);

  it("takes keys and values up to the limit, over a reopening", async () => {
    const test = current();
    const largest = { key: long(RECORD_KEY_BYTES_MAX), value: long(RECORD_VALUE_BYTES_MAX) };
    const log = long(RECORD_KEY_BYTES_MAX - 8);
    await test.engine.records.commit({ writes: [largest], appends: [{ log, value: value("entry") }] });
    await test.reopen();
    if (test.canReopen) expect(await test.engine.records.lastPosition(log)).toBe(1n);
    if (!test.canReopen) return;
    const found = await test.engine.records.get(largest.key);
    expect(found !== undefined && equalBytes(found, largest.value)).toBe(true);
  });

  it.each([
    ["a key that is empty", { writes: [{ key: long(0), value: long(1) }] }],
    ["a key that is too long", { writes: [{ key: long(RECORD_KEY_BYTES_MAX + 1), value: long(1) }] }],
    ["a value that is too long", { writes: [{ key: long(1), value: long(RECORD_VALUE_BYTES_MAX + 1) }] }],
    ["a log's key that is too long", { appends: [{ log: long(RECORD_KEY_BYTES_MAX - 7), value: long(1) }] }],
    [
      "a log's value that is too long",
      { appends: [{ log: long(1), value: long(RECORD_VALUE_BYTES_MAX + 1) }] },
    ],
    [
      "a check's key that is too long",
      { checks: [{ key: long(RECORD_KEY_BYTES_MAX + 1), expected: undefined }] },
    ],
    ["a counter's key that is empty", { adds: [{ key: long(0), delta: 1n }] }],
    [
      "more operations than a batch may have",
      { adds: Array.from({ length: BATCH_OPERATIONS_MAX + 1 }, () => ({ key: long(1), delta: 1n })) },
    ],
    [
      "more bytes than a batch may have",
      {
        writes: Array.from({ length: BATCH_BYTES_MAX / RECORD_VALUE_BYTES_MAX + 1 }, (_, index) => ({
          key: long(index + 1),
          value: long(RECORD_VALUE_BYTES_MAX),
        })),
      },
    ],
  ])("refuses %s with LIMIT", async (_what, batch) => {
    const { records } = current().engine;
    expect(await codeOf(records.commit(batch))).toBe("LIMIT");
    expect((await records.scan({ from: long(1), to: new Uint8Array([0xff]), limit: 10 })).records).toEqual(
      [],
    );
  });

  it("takes a batch of as many operations as it may have", async () => {
    const { records } = current().engine;
    const writes = Array.from({ length: BATCH_OPERATIONS_MAX }, (_, index) => ({
      key: key(`m${index}`),
      value: long(9),
    }));
    expect((await records.commit({ writes })).isCommitted).toBe(true);
  });

  it("refuses reads over their limits with LIMIT", async () => {
    const { records } = current().engine;
    const keys = Array.from({ length: 1001 }, () => key("a"));
    expect(await codeOf(records.getMany(keys))).toBe("LIMIT");
    expect(await codeOf(records.get(long(0)))).toBe("LIMIT");
    expect(await codeOf(records.scan({ from: key("a"), to: key("b"), limit: 0 }))).toBe("LIMIT");
    expect(await codeOf(records.scan({ from: key("a"), to: key("b"), limit: 10_001 }))).toBe("LIMIT");
    expect(await codeOf(records.scan({ from: key("a"), to: key("b"), limit: Number.NaN }))).toBe("LIMIT");
  });

  it("refuses everything after close", async () => {
    const { engine } = current();
    await engine.records.commit(creating("a"));
    await engine.close();
    expect(await codeOf(engine.records.get(key("a")))).toBe("SHUTTING_DOWN");
    expect(await codeOf(engine.records.getMany([key("a")]))).toBe("SHUTTING_DOWN");
    expect(await codeOf(engine.records.lastPosition(key("a")))).toBe("SHUTTING_DOWN");
    expect(await codeOf(engine.records.scan({ from: key("a"), to: key("b"), limit: 1 }))).toBe(
      "SHUTTING_DOWN",
    );
    expect(await codeOf(engine.records.commit(creating("b")))).toBe("SHUTTING_DOWN");
    expect(await codeOf(engine.chunks.list(undefined, 1))).toBe("SHUTTING_DOWN");
  });
}

function describeWatching(current: () => EngineUnderTest): void {
  it("calls a watcher after a commit that touched a key or a log with its prefix, and no other", async () => {
    const { records } = current().engine;
    const calls: string[] = [];
    records.watch(key("a/"), () => calls.push("a"));
    records.watch(key("log/"), () => calls.push("log"));
    records.watch(key("b/"), () => calls.push("b"));
    await put(records, { "a/1": "x" });
    await until(() => calls.includes("a"));
    await records.commit({ appends: [{ log: key("log/x/"), value: value("1") }] });
    await until(() => calls.includes("log"));
    await records.commit({ adds: [{ key: key("a/n"), delta: 1n }] });
    await until(() => calls.filter((name) => name === "a").length === 2);
    expect(calls).not.toContain("b");
  });

  it("shows what was committed to a watcher that it calls", async () => {
    const { records } = current().engine;
    const seen: Array<string | undefined> = [];
    records.watch(key("a"), () => {
      void records.get(key("a")).then((found) => seen.push(text(found)));
    });
    await put(records, { a: "1" });
    await until(() => seen.length > 0);
    expect(seen[0]).toBe("1");
  });

  it("calls nobody for a commit that failed its checks, nor after the watch ended", async () => {
    const { records } = current().engine;
    let count = 0;
    const end = records.watch(key("a"), () => {
      count += 1;
    });
    await records.commit({
      checks: [{ key: key("a"), expected: value("?") }],
      writes: [{ key: key("a"), value: value("1") }],
    });
    end();
    await put(records, { a: "1" });
    const others = { isCalled: false };
    records.watch(key("b"), () => {
      others.isCalled = true;
    });
    await put(records, { b: "1" });
    await until(() => others.isCalled);
    expect(count).toBe(0);
  });
}
