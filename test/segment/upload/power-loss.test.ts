/** Power goes at every step of a history of uploads over a disk that loses and tears what was not synced. */
import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { PowerLoss, SimulatedDisk, type Survival } from "../../sim/disk.ts";
import { brokenInvariants } from "../invariants.ts";
import { engineOf } from "../simulated-engine.ts";
import { BUCKET, bytesOf, object, TestClock, testSegment, withBucket } from "../support.ts";
import { listed, putPart } from "./parts.ts";

const PATH = object("a");
const SURVIVALS: readonly Survival[] = ["nothing", "everything", "some"];
const BIG = seededRandom(5).bytes(200_000);
const SMALL = utf8("small");

/** What was acknowledged before the power went. */
interface Acknowledged {
  kept?: string;
  ended?: string;
  completed?: string;
  part?: boolean;
}

async function play(segment: Segment, seen: Acknowledged): Promise<void> {
  const { uploads } = await withBucket(segment, { versionsKept: 3 });
  const kept = (await uploads.create(PATH, { contentType: "text/plain" })).id;
  seen.kept = kept;
  const [completed, ended] = await Promise.all([uploads.create(PATH), uploads.create(PATH)]);
  await Promise.all([
    putPart(segment, PATH, completed.id, 1, BIG),
    putPart(segment, PATH, ended.id, 1, SMALL),
    putPart(segment, PATH, kept, 7, SMALL),
  ]);
  seen.part = true;
  await Promise.all([
    uploads.complete(PATH, completed.id, [listed(1, BIG)]).then(() => {
      seen.completed = completed.id;
    }),
    uploads.abort(PATH, ended.id).then(() => {
      seen.ended = ended.id;
    }),
  ]);
  await segment.close();
}

async function check(segment: Segment, seen: Acknowledged): Promise<void> {
  const { uploads, objects } = segment;
  if (seen.kept !== undefined) {
    const page = await uploads.listParts(PATH, seen.kept);
    expect(page.upload.contentType).toBe("text/plain");
    if (seen.part) expect(page.parts).toMatchObject([{ number: 7, sizeBytes: SMALL.length }]);
  }
  if (seen.ended !== undefined) {
    await expect(uploads.show(PATH, seen.ended)).rejects.toMatchObject({ code: "UPLOAD_NOT_FOUND" });
  }
  if (seen.completed !== undefined) {
    expect(Buffer.compare(await bytesOf(await objects.get(PATH)), BIG)).toBe(0);
    const version = await uploads.complete(PATH, seen.completed, [listed(1, BIG)]);
    expect(version.uvid).toBe((await objects.show(PATH)).uvid);
  }
  // Whatever else was under way is wholly open, or wholly over.
  const { items } = await uploads.list(BUCKET).catch(() => ({ items: [] }));
  for (const item of items) {
    if (item.kind !== "upload" || item.upload.id === seen.kept) continue;
    const { parts } = await uploads.listParts(PATH, item.upload.id);
    const [part] = parts;
    if (part !== undefined) await uploads.complete(PATH, item.upload.id, [part]);
    else await uploads.abort(PATH, item.upload.id);
  }
}

test("uploads survive power loss at every step", async () => {
  let isFinished = false;
  for (let step = 0; !isFinished; step += 1) {
    const clock = new TestClock();
    const disk = new SimulatedDisk();
    const when = step % 2 === 0 ? "crash before" : "crash after";
    disk.fault = (at) => (at === step ? when : undefined);
    const seen: Acknowledged = {};
    const outcome = await engineOf({ disk, clock })
      .then((engine) => testSegment({ clock, engine }))
      .then((segment) => play(segment, seen))
      .catch((thrown: unknown) => thrown);
    if (outcome !== undefined) expect(outcome instanceof PowerLoss || outcome instanceof EfsError).toBe(true);
    isFinished = disk.stepCount <= step;
    disk.kill();
    for (const [index, survival] of SURVIVALS.entries()) {
      const found = disk.afterPowerLoss(survival, seededRandom(step * 10 + index + 1));
      const engine = await engineOf({ disk: found, clock });
      const after = await testSegment({ clock, engine, seed: step + 2 });
      await after.namespace.ensureBucket(BUCKET, { versionsKept: 3 });
      const place = `a crash at step ${step} (${disk.steps.at(-1)}, ${when}, ${survival})`;
      await check(after, seen).catch((thrown: unknown) => {
        throw new Error(`after ${place}`, { cause: thrown });
      });
      expect([place, ...(await brokenInvariants(after, engine, BUCKET))]).toEqual([place]);
      await after.close();
    }
    expect(step).toBeLessThan(400);
  }
}, 60_000);
