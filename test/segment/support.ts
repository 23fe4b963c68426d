/** What the segment's tests share: a clock of our own, segments on memory, names and bodies. */
import type { Clock } from "../../src/base/clock.ts";
import { EfsError, type ErrorCode } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { type BucketPath, type ObjectPath, parseBucketPath, parseObjectName } from "../../src/model/names.ts";
import type { BucketOptions } from "../../src/model/namespace.ts";
import type { ObjectContent } from "../../src/segment/objects.ts";
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

export interface TestSegmentOptions extends Partial<SegmentOptions> {
  readonly seed?: number;
}

export async function testSegment(options: TestSegmentOptions = {}): Promise<Segment> {
  const clock = options.clock ?? new TestClock();
  return openSegment({
    engine: options.engine ?? openMemoryEngine({ clock }),
    clock,
    random: options.random ?? seededRandom(options.seed ?? 1),
    log: silentLog,
    workers: options.workers ?? 0,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.freeBytesMin === undefined ? {} : { freeBytesMin: options.freeBytesMin }),
  });
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
