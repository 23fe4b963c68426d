/** Reads of records are synchronous inside; those who read on and on still let others run. */
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { assembleLocal } from "../../src/engine/local/assemble.ts";
import { SimulatedDisk } from "../sim/disk.ts";
import { manualClock } from "./suite.ts";
import { codeOf, key, value } from "./support.ts";

async function filled() {
  const disk = new SimulatedDisk();
  const stores = await assembleLocal({
    disk,
    clock: manualClock(),
    directory: "/data",
    salt: 7n,
    log: silentLog,
  });
  const writes = Array.from({ length: 900 }, (_, index) => ({ key: key(`k${index}`), value: value("v") }));
  await stores.records.commit({ writes });
  return stores;
}

/** Turns of the event loop that others get while `task` runs. */
async function turnsDuring(task: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const others = () => {
    if (isDone) return;
    turns += 1;
    setImmediate(others);
  };
  setImmediate(others);
  await task();
  isDone = true;
  return turns;
}

describe("reading records", () => {
  it("lets others run: single reads, pages, and many small pages as a listing by delimiter asks for", async () => {
    const { records, close } = await filled();
    const gets = await turnsDuring(async () => {
      for (let count = 0; count < 4000; count += 1) await records.get(key(`k${count % 1000}`));
    });
    expect(gets).toBeGreaterThan(10);
    const manies = await turnsDuring(async () => {
      const keys = Array.from({ length: 1000 }, (_, index) => key(`k${index}`));
      for (let count = 0; count < 20; count += 1) await records.getMany(keys);
    });
    expect(manies).toBeGreaterThan(10);
    const pages = await turnsDuring(async () => {
      for (let count = 0; count < 30; count += 1)
        await records.scan({ from: key("k"), to: key("l"), limit: 900 });
    });
    expect(pages).toBeGreaterThan(5);
    const seeks = await turnsDuring(async () => {
      for (let count = 0; count < 1000; count += 1)
        await records.scan({ from: key(`k${count}`), to: key("l"), limit: 1 });
    });
    expect(seeks).toBeGreaterThan(10);
    await close();
  });

  it("that has to wait for its turn is refused when the store is closed meanwhile", async () => {
    const { records, close } = await filled();
    const reads = Array.from({ length: 3000 }, (_, index) => codeOf(records.get(key(`k${index}`))));
    await close();
    const codes = new Set(await Promise.all(reads));
    for (const code of codes) expect([undefined, "SHUTTING_DOWN"]).toContain(code);
  });
});
