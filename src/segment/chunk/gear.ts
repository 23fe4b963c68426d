/**
 * The cutter's kernel in WebAssembly (gear.wat): one instance a thread, with the gear table and room for the bytes of one window.
 * The table is derived, not stored: entry b is the first 8 bytes, big-endian, of BLAKE3-256(GEAR_SEED ++ byte b). FORMAT.md "Cutting".
 */
import { concat, utf8 } from "../../base/bytes.ts";
import { contentId } from "../../model/hash.ts";
import { GEAR_WASM_BASE64 } from "./gear-wasm.ts";

/** Fixed for ever: another seed cuts everything elsewhere. */
export const GEAR_SEED = "efscli 2026-11-22 gear table v1";

/** Where the bytes to cut begin, above the table. */
const DATA_OFFSET = 4096;
const PAGE_BYTES = 64 * 1024;

export interface CutBounds {
  /** First byte that enters the hash. */
  readonly at: number;
  /** From here on a byte may end the chunk. */
  readonly check: number;
  /** From here on the looser condition holds. */
  readonly loose: number;
  /** The chunk ends here at the latest. */
  readonly end: number;
}

/** All places are offsets into the loaded bytes. */
export interface Gear {
  /** Takes a copy of the bytes that the other methods look at. */
  load(bytes: Uint8Array): void;
  /** The place just behind the byte that ends the chunk. */
  cut(bounds: CutBounds): number;
  byteAt(offset: number): number;
  /** The first place from `at` on that holds no zero; `end` when there is none before it. */
  zerosEnd(at: number, end: number): number;
  /** The first place of the zeros that end before `at`, at least `floor`. */
  zerosStart(at: number, floor: number): number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  cut(at: number, check: number, loose: number, end: number): number;
  zerosEnd(at: number, end: number): number;
  zerosStart(at: number, floor: number): number;
}

/** The part of the global that is used; the compiler's library for it comes with the browser's only. */
interface WebAssemblyGlobal {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: unknown };
  };
}

let shared: Gear | undefined;

/** This thread's instance. Nothing may be awaited between `load` and the last call that relies on it. */
export function threadGear(): Gear {
  shared ??= openGear();
  return shared;
}

export function gearTable(): BigUint64Array {
  const table = new BigUint64Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    const digest = contentId(concat([utf8(GEAR_SEED), new Uint8Array([byte])]));
    table[byte] = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0);
  }
  return table;
}

function openGear(): Gear {
  const { WebAssembly } = globalThis as unknown as WebAssemblyGlobal;
  const module = new WebAssembly.Module(new Uint8Array(Buffer.from(GEAR_WASM_BASE64, "base64")));
  const exports = new WebAssembly.Instance(module).exports as Exports;
  const view = new DataView(exports.memory.buffer);
  gearTable().forEach((entry, byte) => {
    view.setBigUint64(byte * 8, entry, true);
  });
  let memory = new Uint8Array(exports.memory.buffer);
  return {
    load: (bytes) => {
      const missingBytes = DATA_OFFSET + bytes.length - memory.length;
      if (missingBytes > 0) {
        exports.memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
        memory = new Uint8Array(exports.memory.buffer);
      }
      memory.set(bytes, DATA_OFFSET);
    },
    cut: ({ at, check, loose, end }) =>
      exports.cut(DATA_OFFSET + at, DATA_OFFSET + check, DATA_OFFSET + loose, DATA_OFFSET + end) -
      DATA_OFFSET,
    byteAt: (offset) => memory[DATA_OFFSET + offset] as number,
    zerosEnd: (at, end) => exports.zerosEnd(DATA_OFFSET + at, DATA_OFFSET + end) - DATA_OFFSET,
    zerosStart: (at, floor) => exports.zerosStart(DATA_OFFSET + at, DATA_OFFSET + floor) - DATA_OFFSET,
  };
}
