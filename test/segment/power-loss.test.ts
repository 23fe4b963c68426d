/**
 * Power goes at every step of a history of puts, copies, deletes and received versions over a disk that loses and tears what was
 * not synced: the whole segment on the local engine. What was acknowledged is there, and every invariant holds.
 */
import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { seededRandom } from "../../src/base/random.ts";
import { parseSegmentId } from "../../src/model/ids.ts";
import type { Version } from "../../src/model/version.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { PowerLoss, SimulatedDisk, type Survival } from "../sim/disk.ts";
import { brokenInvariants } from "./invariants.ts";
import { engineOf, type World } from "./simulated-engine.ts";
import {
  allVersions,
  BUCKET,
  bytesOf,
  codeOf,
  object,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const SURVIVALS: readonly Survival[] = ["nothing", "everything", "some", "some", "some"];
const VIA = parseSegmentId("F".repeat(16));
/** Short enough to go to the store in one call with its nodes; crash.test.ts has content that does not. */
const BIG = seededRandom(5).bytes(420_000);
const EDITED = new Uint8Array(Buffer.concat([BIG.subarray(0, 200_000), utf8("edit"), BIG.subarray(200_000)]));

/** For each object what a reader may see: what was acknowledged last, and what is under way. */
class Expected {
  readonly settled = new Map<string, Uint8Array | undefined>();
  readonly open = new Map<string, Uint8Array | undefined>();

  async during(name: string, bytes: Uint8Array | undefined, act: () => Promise<unknown>): Promise<void> {
    this.open.set(name, bytes);
    await act();
    this.settled.set(name, bytes);
    this.open.delete(name);
  }

  async check(segment: Segment): Promise<void> {
    for (const name of new Set([...this.settled.keys(), ...this.open.keys()])) {
      const read = await segment.objects
        .get(object(name))
        .then(bytesOf)
        .catch((thrown: unknown) => {
          if (thrown instanceof EfsError && thrown.code === "OBJECT_NOT_FOUND") return undefined;
          throw thrown;
        });
      const allowed = [this.settled.get(name), ...(this.open.has(name) ? [this.open.get(name)] : [])];
      const isAllowed = allowed.some((bytes) =>
        bytes === undefined || read === undefined ? bytes === read : Buffer.compare(bytes, read) === 0,
      );
      if (!isAllowed) throw new Error(`object ${name} reads ${read?.length} bytes`);
    }
  }
}

async function play(segment: Segment, received: readonly Version[], expected: Expected): Promise<void> {
  const { objects, replication } = segment;
  const put = (name: string, bytes: Uint8Array) =>
    expected.during(name, bytes, () => objects.put(object(name), bytes));
  await withBucket(segment, { versionsKept: 2 });
  await Promise.all([put("small", utf8("1")), put("big", BIG), put("other", utf8("2"))]);
  await Promise.all([
    put("big", EDITED),
    expected.during("other", undefined, () => objects.delete(object("other"))),
    expected.during("far", new Uint8Array(9), () =>
      replication.apply({ bucket: BUCKET, versions: received, via: VIA }),
    ),
  ]);
  await Promise.all([
    expected.during("copy", EDITED, () => objects.copy(object("big"), object("copy"))),
    put("small", utf8("3")),
    put("other", utf8("4")),
  ]);
}

async function farVersions(): Promise<readonly Version[]> {
  const far = await withBucket(await testSegment({ seed: 77 }), { versionsKept: 3 });
  for (const sizeBytes of [100_000, 9]) {
    await far.objects.put(object("far"), new Uint8Array(sizeBytes), { metadata: { of: "far" } });
  }
  return (await allVersions(far)).map((version) => ({
    ...version,
    content: { kind: "zeros" as const, lengthBytes: version.sizeBytes },
  }));
}

test("a segment survives power loss at every step", async () => {
  const received = await farVersions();
  let isFinished = false;
  for (let step = 0; !isFinished; step += 1) {
    const clock = new TestClock();
    const disk = new SimulatedDisk();
    const world: World = { disk, clock };
    const when = step % 2 === 0 ? "crash before" : "crash after";
    disk.fault = (at) => (at === step ? when : undefined);
    const expected = new Expected();
    const outcome = await engineOf(world)
      .then((engine) => testSegment({ clock, engine }))
      .then((segment) => play(segment, received, expected))
      .catch((thrown: unknown) => thrown);
    if (outcome !== undefined) expect(outcome instanceof PowerLoss || outcome instanceof EfsError).toBe(true);
    isFinished = disk.stepCount <= step;
    // The last round crashes after everything was acknowledged.
    disk.kill();
    for (const [index, survival] of SURVIVALS.entries()) {
      const found = disk.afterPowerLoss(survival, seededRandom(step * 10 + index + 1));
      const engine = await engineOf({ disk: found, clock });
      const after = await testSegment({ clock, engine, seed: step + 2 });
      await after.namespace.ensureBucket(BUCKET, { versionsKept: 2 });
      const place = `a crash at step ${step} (${disk.steps.at(-1)}, ${when}, ${survival})`;
      await expected.check(after).catch((thrown: unknown) => {
        throw new Error(`after ${place}`, { cause: thrown });
      });
      expect([place, ...(await brokenInvariants(after, engine, BUCKET))]).toEqual([place]);
      if (index === step % SURVIVALS.length) {
        const again = new Expected();
        await play(after, received, again);
        await again.check(after);
        expect(await brokenInvariants(after, engine, BUCKET)).toEqual([]);
      }
      await after.close();
    }
    expect(step).toBeLessThan(400);
  }
});

test("after a failed sync the segment is read-only and says so, and what was there can be read", async () => {
  const clock = new TestClock();
  const disk = new SimulatedDisk();
  const engine = await engineOf({ disk, clock });
  const segment = await withBucket(await testSegment({ clock, engine }));
  await segment.objects.put(object("a"), utf8("kept"));
  disk.fault = (_step, kind) =>
    kind === "sync" ? Object.assign(new Error("EIO"), { code: "EIO" }) : undefined;
  const failed = await codeOf(segment.objects.put(object("a"), utf8("lost")));
  expect(["IO", "READ_ONLY"]).toContain(failed);
  disk.fault = () => undefined;
  expect(await codeOf(segment.objects.put(object("a"), utf8("again")))).toBe("READ_ONLY");
  expect(await codeOf(segment.objects.delete(object("a")))).toBe("READ_ONLY");
  expect(await codeOf(segment.objects.put(object("b"), BIG))).toBe("READ_ONLY");
  expect((await segment.usage()).isWritable).toBe(false);
  expect(Buffer.from(await bytesOf(await segment.objects.get(object("a")))).toString()).toBe("kept");
});
