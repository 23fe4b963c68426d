/** How many syncs a put costs: many in flight share them, one at a time never skips one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openLocalEngine } from "../../src/engine/local/open.ts";
import { object, TestClock, testSegment, withBucket } from "./support.ts";

test("a thousand puts with 64 in flight take at most 150 syncs, one at a time at least a thousand", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "efs-durability-"));
  const clock = new TestClock();
  const engine = await openLocalEngine({ directory, clock, log: silentLog });
  const segment = await withBucket(await testSegment({ clock, engine }));
  const body = seededRandom(1).bytes(1024);
  const put = (name: string, index: number) => {
    const own = body.slice();
    own[index % 1024] = index >> 2;
    return segment.objects.put(object(`${name}${index}`), own);
  };
  const syncs = () => engine.records.syncCount() + engine.chunks.stats().syncCount;
  let before = syncs();
  let next = 0;
  const writer = async () => {
    while (next < 1000) {
      next += 1;
      await put("many", next);
    }
  };
  await Promise.all(Array.from({ length: 64 }, writer));
  expect(syncs() - before).toBeLessThanOrEqual(150);
  before = syncs();
  for (let index = 0; index < 1000; index += 1) await put("one", index);
  expect(syncs() - before).toBeGreaterThanOrEqual(1000);
  await segment.close();
  await rm(directory, { recursive: true });
});
