/** An engine on which the machine goes off at a chosen write. */
import { EfsError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/engine/engine.ts";

/** An engine that dies at a step: a write before it took effect, or after, with its answer lost. */
export function dyingEngine(
  engine: Engine,
  deathStep: number,
  isAfter: boolean,
): { engine: Engine; steps: () => number } {
  let steps = 0;
  let isDead = false;
  const dead = () => new EfsError("UNAVAILABLE", "the machine is off");
  const write = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isDead) throw dead();
    steps += 1;
    if (steps !== deathStep) return call();
    isDead = true;
    if (isAfter) await call();
    throw dead();
  };
  const read = <T>(call: () => Promise<T>): Promise<T> => (isDead ? Promise.reject(dead()) : call());
  const { chunks, records } = engine;
  return {
    steps: () => steps,
    engine: {
      chunks: {
        putMany: (puts) => write(() => chunks.putMany(puts)),
        get: (key) => read(() => chunks.get(key)),
        getMany: (keys) => read(() => chunks.getMany(keys)),
        claim: (keys) => write(() => chunks.claim(keys)),
        deleteUnclaimed: (keys, before) => write(() => chunks.deleteUnclaimed(keys, before)),
        list: (after, limit) => read(() => chunks.list(after, limit)),
        stats: () => chunks.stats(),
        close: async () => {},
      },
      records: {
        get: (key) => read(() => records.get(key)),
        getMany: (keys) => read(() => records.getMany(keys)),
        scan: (options) => read(() => records.scan(options)),
        commit: (batch) => write(() => records.commit(batch)),
        lastPosition: (log) => read(() => records.lastPosition(log)),
        watch: (prefix, onChange) => records.watch(prefix, onChange),
        syncCount: () => records.syncCount(),
        close: async () => {},
      },
      space: () => engine.space(),
      close: async () => {},
    },
  };
}
