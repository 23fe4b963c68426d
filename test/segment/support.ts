/** What the segment's tests share: a clock of our own, segments on memory, names and bodies. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import { EfsError, type ErrorCode } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openLocalEngine } from "../../src/engine/local/open.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { type BucketPath, type ObjectPath, parseBucketPath, parseObjectName } from "../../src/model/names.ts";
import type { BucketOptions } from "../../src/model/namespace.ts";
import type { Version } from "../../src/model/version.ts";
import type { ObjectContent, VersionListing } from "../../src/segment/objects.ts";
import { openSegment } from "../../src/segment/open.ts";
import type { Segment, SegmentOptions } from "../../src/segment/segment.ts";

/** A clock that moves only when told. */
export class TestClock implements Clock {
  nowMs: number;
  #monotonicMs = 0;

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.nowMs = nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  async sleep(): Promise<void> {}

  /** Moves both clocks. */
  advance(deltaMs: number): void {
    this.nowMs += deltaMs;
    this.#monotonicMs += deltaMs;
  }
}

type MakeEngine = (clock: Clock) => Promise<Engine>;

const onMemory: MakeEngine = async (clock) => openMemoryEngine({ clock });
let makeEngine = onMemory;

/** An engine of the kind that the suite runs on; the suite closes it. */
export async function openEngine(clock: Clock): Promise<Engine> {
  const engine = await makeEngine(clock);
  if (makeEngine !== onMemory) openedEngines.push(engine);
  return engine;
}

/** How often a test repeats something: fewer times where every commit waits for a disk. */
export function rounds(onMemoryCount: number, onLocalCount: number): number {
  return makeEngine === onMemory ? onMemoryCount : onLocalCount;
}

/** Runs a suite on every engine: what `testSegment` opens when it is not given one. */
export function onEachEngine(suite: () => void): void {
  describe("on memory", suite);
  describe("on local", () => {
    const directories: string[] = [];
    beforeEach(() => {
      makeEngine = async (clock) => {
        const directory = await mkdtemp(path.join(tmpdir(), "efs-segment-"));
        directories.push(directory);
        return openLocalEngine({ directory, clock, log: silentLog });
      };
    });
    afterEach(async () => {
      makeEngine = onMemory;
      for (const segment of opened.splice(0)) await segment.close();
      for (const engine of openedEngines.splice(0)) await engine.close();
      for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
    });
    suite();
  });
}

const opened: Segment[] = [];
const openedEngines: Engine[] = [];

export interface TestSegmentOptions extends Partial<SegmentOptions> {
  readonly seed?: number;
}

export async function testSegment(options: TestSegmentOptions = {}): Promise<Segment> {
  const clock = options.clock ?? new TestClock();
  const segment = await openSegment({
    engine: options.engine ?? (await makeEngine(clock)),
    clock,
    random: options.random ?? seededRandom(options.seed ?? 1),
    log: silentLog,
    workers: options.workers ?? 0,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.segmentKey === undefined ? {} : { segmentKey: options.segmentKey }),
    ...(options.freeBytesMin === undefined ? {} : { freeBytesMin: options.freeBytesMin }),
  });
  if (options.engine === undefined && makeEngine !== onMemory) opened.push(segment);
  return segment;
}

/** An engine that survives `close`, so that a segment can be opened on it again. */
export function keptOpen(engine: Engine): Engine {
  return {
    chunks: engine.chunks,
    records: engine.records,
    space: () => engine.space(),
    close: async () => {},
  };
}

export const BUCKET: BucketPath = parseBucketPath("Hawaii/Cola/bk1");

export async function withBucket(
  segment: Segment,
  options: Partial<BucketOptions> = {},
  path: BucketPath = BUCKET,
): Promise<Segment> {
  await segment.namespace.ensureBucket(path, options);
  return segment;
}

export function object(name: string, bucket: BucketPath = BUCKET): ObjectPath {
  return { ...bucket, object: parseObjectName(name) };
}

export async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

export async function bytesOf(content: ObjectContent): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content.body) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

export async function textOf(segment: Segment, path: ObjectPath): Promise<string> {
  return Buffer.from(await bytesOf(await segment.objects.get(path))).toString();
}

/** The versions of a page, without prefixes; the latest of a name is marked. */
export function versionsIn({ items }: VersionListing): ReadonlyArray<Version & { isLatest: boolean }> {
  return items.flatMap((item) =>
    item.kind === "version" ? [{ ...item.version, isLatest: item.isLatest }] : [],
  );
}

/** Every kept version of a bucket, by name and then latest first. */
export async function allVersions(
  segment: Segment,
  bucket: BucketPath = BUCKET,
): Promise<readonly Version[]> {
  const objects = await segment.replication.walk(bucket, undefined, 10_000);
  return objects.flatMap(({ versions }) => versions);
}

/** The EfsError that the promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<EfsError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof EfsError) return thrown;
    throw thrown;
  }
  throw new Error("the promise did not fail");
}

export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await failureOf(promise)).code;
}
