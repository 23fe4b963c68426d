/** Chance, passed in. The only home of real randomness. */
import { randomBytes } from "node:crypto";

export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** Repeatable chance from a seed (splitmix-like, 32 bit); for tests and simulators, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return {
    bytes: (count) => {
      const out = new Uint8Array(count);
      for (let index = 0; index < count; index += 4) {
        const word = next();
        out[index] = word;
        if (index + 1 < count) out[index + 1] = word >>> 8;
        if (index + 2 < count) out[index + 2] = word >>> 16;
        if (index + 3 < count) out[index + 3] = word >>> 24;
      }
      return out;
    },
    fraction: () => next() / 2 ** 32,
  };
}
