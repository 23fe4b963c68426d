/** Upkeep of buckets: what lifecycle rules end, what they leave, uploads that nobody completes; by a clock of the test's. */
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Log } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { DAY_MS, type LifecycleRule } from "../../src/model/lifecycle.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { runUpkeep, startUpkeep } from "../../src/segment/upkeep.ts";
import { until } from "../support/until.ts";
import { WaitingClock } from "../support/waiting-clock.ts";
import { BUCKET, object, TestClock, testSegment, withBucket } from "./support.ts";

let clock: TestClock;
let segment: Segment;
let told: Array<Record<string, unknown>>;
const BODY = new Uint8Array([1, 2, 3]);

beforeEach(async () => {
  clock = new TestClock();
  segment = await testSegment({ clock });
  told = [];
});

async function rules(...given: ReadonlyArray<Partial<LifecycleRule>>): Promise<void> {
  const whole = given.map((rule, index) => ({
    id: `r${index}`,
    isEnabled: true,
    form: "filter",
    filter: {},
    ...rule,
  }));
  await segment.namespace.putConfig(BUCKET, "lifecycle", JSON.stringify({ rules: whole }));
}

/** A pass; resolves to what was told of buckets. */
async function pass(of: Segment = segment, idleUploadDays?: number): Promise<void> {
  const log: Log = {
    ...silentLog,
    info: (fields) => told.push({ ...fields }),
    warn: (fields) => told.push({ ...fields }),
  };
  await runUpkeep({ segment: of, clock, log, idleUploadDays }, new AbortController().signal);
}

async function names(): Promise<string[]> {
  const { items } = await segment.objects.list(BUCKET);
  return items.map((item) => (item.kind === "object" ? item.version.object : item.prefix));
}

/** `name` for a version, `-name` for a delete, latest first. */
async function versions(): Promise<string[]> {
  const { items } = await segment.objects.listVersions(BUCKET);
  return items.map((item) =>
    item.kind === "version" ? `${item.version.isDeleted ? "-" : ""}${item.version.object}` : item.prefix,
  );
}

describe("expiration", () => {
  it("ends objects by age, at the midnight after the days and not before, and tells how many", async () => {
    await withBucket(segment);
    await rules({ filter: { prefix: "logs/" }, expiration: { days: 1 } });
    for (const name of ["logs/a", "logs/b", "keep"]) await segment.objects.put(object(name), BODY);
    clock.advance(2 * DAY_MS - 1);
    await pass();
    expect(await names()).toEqual(["keep", "logs/a", "logs/b"]);
    clock.advance(1);
    await pass();
    expect(await names()).toEqual(["keep"]);
    expect(told).toEqual([expect.objectContaining({ bucket: "Hawaii/Cola/bk1", expired: 2, failed: 0 })]);
  });

  it("goes by tags and sizes, and never by a rule that is off", async () => {
    await withBucket(segment);
    await rules(
      { filter: { tags: { kind: "tmp" } }, expiration: { days: 1 } },
      { filter: { sizeBytesAbove: 1000 }, expiration: { days: 1 } },
      { isEnabled: false, expiration: { days: 1 } },
    );
    await segment.objects.put(object("tagged"), BODY, { annotations: { tags: { kind: "tmp" } } });
    await segment.objects.put(object("other"), BODY, { annotations: { tags: { kind: "dear" } } });
    await segment.objects.put(object("large"), new Uint8Array(1001));
    clock.advance(9 * DAY_MS);
    await pass();
    expect(await names()).toEqual(["other"]);
  });

  it("puts a delete marker over a version of a bucket with versioning, once", async () => {
    await withBucket(segment, { versioning: "enabled" });
    await rules({ expiration: { days: 1 } });
    await segment.objects.put(object("a"), BODY);
    clock.advance(3 * DAY_MS);
    await pass();
    await pass();
    expect(await versions()).toEqual(["-a", "a"]);
  });

  it("removes a delete marker that stands alone, and none that hides something", async () => {
    await withBucket(segment, { versioning: "enabled" });
    await rules({ expiration: { isMarkerExpired: true } });
    for (const name of ["alone", "hiding"]) await segment.objects.put(object(name), BODY);
    for (const name of ["alone", "hiding"]) await segment.objects.delete(object(name));
    const { items } = await segment.objects.listVersions(BUCKET, { prefix: "alone" });
    const last = items.at(-1);
    if (last?.kind !== "version") throw new Error("no version");
    await segment.objects.expunge(object("alone"), { uvid: last.version.uvid });
    await pass();
    expect(await versions()).toEqual(["-hiding", "hiding"]);
  });

  it("leaves a version that replaced the one that was due", async () => {
    await withBucket(segment);
    await rules({ expiration: { days: 1 } });
    await segment.objects.put(object("a"), BODY);
    clock.advance(3 * DAY_MS);
    const listVersions: Segment["objects"]["listVersions"] = async (...args) => {
      const page = await segment.objects.listVersions(...args);
      await segment.objects.put(object("a"), new Uint8Array([9]));
      return page;
    };
    await pass({ ...segment, objects: { ...segment.objects, listVersions } });
    expect(await names()).toEqual(["a"]);
    expect(told).toEqual([]);
  });
});

describe("noncurrent versions", () => {
  it("are removed for good by their age as such, but for the newest that a rule keeps", async () => {
    await withBucket(segment, { versioning: "enabled" });
    await rules({ noncurrent: { days: 2, newerKept: 1 } });
    for (let round = 0; round < 5; round += 1) await segment.objects.put(object("a"), Uint8Array.of(round));
    clock.advance(DAY_MS);
    await segment.objects.put(object("a"), Uint8Array.of(9));
    clock.advance(2 * DAY_MS);
    await pass();
    // The fifth became noncurrent a day ago and is kept besides.
    expect(await versions()).toEqual(["a", "a"]);
    expect(told).toEqual([expect.objectContaining({ expunged: 4, locked: 0 })]);
  });

  it("are left while a lock binds them", async () => {
    await withBucket(segment, { versioning: "enabled", lock: { default: undefined } });
    await rules({ noncurrent: { days: 1 } });
    const untilMs = clock.wallMs() + 90 * DAY_MS;
    await segment.objects.put(object("a"), BODY, {
      annotations: { retention: { mode: "governance", untilMs } },
    });
    await segment.objects.put(object("a"), Uint8Array.of(2), { annotations: { hold: true } });
    await segment.objects.put(object("a"), Uint8Array.of(3));
    clock.advance(30 * DAY_MS);
    await pass();
    expect(await versions()).toEqual(["a", "a", "a"]);
    expect(told).toEqual([expect.objectContaining({ locked: 2, expunged: 0, failed: 0 })]);
  });

  it("stay when they became the latest meanwhile", async () => {
    await withBucket(segment, { versioning: "enabled" });
    await rules({ noncurrent: { days: 1 } });
    await segment.objects.put(object("a"), BODY);
    const marker = await segment.objects.delete(object("a"));
    clock.advance(9 * DAY_MS);
    const listVersions: Segment["objects"]["listVersions"] = async (...args) => {
      const page = await segment.objects.listVersions(...args);
      await segment.objects.expunge(object("a"), { uvid: marker.uvid }).catch(() => undefined);
      return page;
    };
    await pass({ ...segment, objects: { ...segment.objects, listVersions } });
    expect(await names()).toEqual(["a"]);
  });

  it("are found over the bounds of pages", { timeout: 30_000 }, async () => {
    await withBucket(segment, { versioning: "enabled" });
    await rules({ noncurrent: { days: 1, newerKept: 3 }, expiration: { isMarkerExpired: true } });
    for (let round = 0; round < 1205; round += 1) {
      await segment.objects.put(object(round < 1100 ? "a" : "b"), Uint8Array.of(round & 255));
    }
    clock.advance(9 * DAY_MS);
    await pass();
    expect(await versions()).toEqual(["a", "a", "a", "a", "b", "b", "b", "b"]);
  });

  it("of a bucket without versioning are its own affair", async () => {
    await withBucket(segment, { versionsKept: 3 });
    await rules({ noncurrent: { days: 1 }, expiration: { isMarkerExpired: true } });
    for (let round = 0; round < 3; round += 1) await segment.objects.put(object("a"), Uint8Array.of(round));
    clock.advance(9 * DAY_MS);
    await pass();
    expect(await versions()).toEqual(["a", "a", "a"]);
  });
});

describe("uploads that nobody completes", () => {
  const md5 = new Uint8Array(createHash("md5").update(BODY).digest());
  const digest = () => ({ md5, checksum: undefined, parts: [] });
  const uploads = async () => {
    const { items } = await segment.uploads.list(BUCKET);
    return items.map((item) => (item.kind === "upload" ? item.upload.object : item.prefix));
  };

  it("end a week after their last part, where no rule is about uploads", async () => {
    await withBucket(segment);
    await rules({ expiration: { days: 1000 } });
    await segment.uploads.create(object("forgotten"));
    const { id } = await segment.uploads.create(object("slow"));
    clock.advance(6 * DAY_MS);
    await segment.uploads.putPart(object("slow"), id, 1, BODY, { digest });
    clock.advance(2 * DAY_MS);
    await pass();
    expect(await uploads()).toEqual(["slow"]);
    clock.advance(6 * DAY_MS);
    await pass(segment, 0);
    expect(await uploads()).toEqual(["slow"]);
    await pass();
    expect(await uploads()).toEqual([]);
    expect(told.map(({ uploads: count }) => count)).toEqual([1, 1]);
  });

  it("end by a rule, counted from their beginning and within its prefix", async () => {
    await withBucket(segment);
    await rules({ filter: { prefix: "tmp/" }, abortUploadsAfterDays: 1 });
    await segment.uploads.create(object("tmp/a"));
    await segment.uploads.create(object("dear"));
    clock.advance(30 * DAY_MS);
    await pass();
    expect(await uploads()).toEqual(["dear"]);
  });
});

describe("a pass", () => {
  it("goes on behind a bucket whose rules cannot be read, and tells of it", async () => {
    await withBucket(segment);
    await segment.namespace.putConfig(BUCKET, "lifecycle", "nonsense");
    const other = { ...BUCKET, bucket: "bk2" as typeof BUCKET.bucket };
    await withBucket(segment, {}, other);
    await segment.uploads.create(object("forgotten", other));
    clock.advance(30 * DAY_MS);
    await pass();
    expect(told).toEqual([
      expect.objectContaining({ bucket: "Hawaii/Cola/bk1", code: "RECORD_CORRUPT" }),
      expect.objectContaining({ bucket: "Hawaii/Cola/bk2", uploads: 1 }),
    ]);
  });

  it("runs at once and then every hour, and ends when it is told to", async () => {
    const waiting = new WaitingClock();
    await withBucket(segment);
    let passes = 0;
    const listClusters: Segment["namespace"]["listClusters"] = (options) => {
      passes += 1;
      return segment.namespace.listClusters(options);
    };
    const counted = { ...segment, namespace: { ...segment.namespace, listClusters } };
    const upkeep = startUpkeep({ segment: counted, clock: waiting, log: silentLog });
    await until(() => passes === 1);
    await until(async () => {
      await waiting.advance(60_000);
      return passes === 2;
    });
    await upkeep.stop();
    await waiting.advance(7_200_000);
    expect(passes).toBe(2);
  });
});
