/** The local engine on a simulated disk. */
import type { Clock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { assembleLocal } from "../../src/engine/local/assemble.ts";
import type { SimulatedDisk } from "../sim/disk.ts";

export interface World {
  readonly disk: SimulatedDisk;
  readonly clock: Clock;
}

export async function engineOf({ disk, clock }: World): Promise<Engine> {
  const stores = await assembleLocal({
    disk,
    clock,
    directory: "/data",
    salt: 7n,
    log: silentLog,
    packBytesMax: 300_000,
  });
  return {
    chunks: stores.chunks,
    records: stores.records,
    space: async () => undefined,
    close: () => stores.close(),
  };
}
