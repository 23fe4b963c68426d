/** A small put costs two syncs in a row, and is answered before its entry in the index is durable: it is found, kept and removed all the same. */
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { assembleLocal, type LocalStores } from "../../src/engine/local/assemble.ts";
import { SimulatedDisk, systemError } from "../sim/disk.ts";
import { manualClock } from "./suite.ts";
import { chunkFrom, codeOf, creating } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const clock = manualClock();

function open(disk: SimulatedDisk): Promise<LocalStores> {
  return assembleLocal({ disk, clock, directory: "/data", salt: 7n, log: silentLog });
}

describe("a small put", () => {
  it("and the record that names its chunk cost two syncs", async () => {
    const { chunks, records, close } = await open(new SimulatedDisk());
    await chunks.putMany([chunkFrom(1)]);
    await records.commit(creating("first"));
    const before = chunks.stats().syncCount;
    await chunks.putMany([chunkFrom(2)]);
    await records.commit(creating("second"));
    expect(chunks.stats().syncCount - before).toBe(2);
    await close();
  });

  it("is found, claimed, listed and counted as soon as it is answered", async () => {
    const { chunks, close } = await open(new SimulatedDisk());
    const chunk = chunkFrom(1);
    await chunks.putMany([chunk]);
    expect(chunks.stats().chunkCount).toBe(1);
    expect(await Promise.all([chunks.get(chunk.key), chunks.claim([chunk.key])])).toEqual([
      expect.objectContaining({ bytes: chunk.bytes }),
      [true],
    ]);
    await chunks.putMany([chunkFrom(2)]);
    expect(await chunks.list(undefined, 10)).toHaveLength(2);
    await close();
  });

  it("whose entry could not be written for want of room is served, and entered with the next one", async () => {
    const disk = new SimulatedDisk();
    const { chunks, close } = await open(disk);
    const [first, second] = [chunkFrom(1), chunkFrom(2)];
    let writes = 0;
    disk.fault = (_step, kind) => {
      if (kind !== "write") return undefined;
      writes += 1;
      return writes === 2 ? systemError("ENOSPC") : undefined;
    };
    expect(await codeOf(chunks.putMany([first]))).toBeUndefined();
    expect((await chunks.get(first.key))?.bytes).toEqual(first.bytes);
    await chunks.putMany([second]);
    expect(await chunks.list(undefined, 10)).toHaveLength(2);
    expect(writes).toBeGreaterThan(2);
    disk.kill();
    const again = await open(disk.afterPowerLoss("nothing", seededRandom(1)));
    for (const chunk of [first, second])
      expect((await again.chunks.get(chunk.key))?.bytes).toEqual(chunk.bytes);
    expect(again.chunks.stats().chunkCount).toBe(2);
    await again.close();
    await close().catch(() => undefined);
  });

  it("is removed when its time is over, and not before", async () => {
    const { chunks, close } = await open(new SimulatedDisk());
    const chunk = chunkFrom(1);
    await chunks.putMany([chunk]);
    expect(await chunks.deleteUnclaimed([chunk.key], clock.wallMs())).toBe(0);
    clock.nowMs += DAY_MS;
    expect(await chunks.deleteUnclaimed([chunk.key], clock.wallMs())).toBe(1);
    expect(await chunks.get(chunk.key)).toBeUndefined();
    await close();
  });
});
