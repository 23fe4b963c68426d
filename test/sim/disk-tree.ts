/** A tree beside a simulated disk: its transactions are steps of that disk, atomic and durable, or not there at all. */
import { compareBytes } from "../../src/base/bytes.ts";
import type { Tree, TreeRange } from "../../src/engine/local/tree.ts";
import { transactionsOf } from "../../src/engine/local/tree-transactions.ts";
import type { SimulatedDisk } from "./disk.ts";

export class SimulatedTree implements Tree {
  readonly records: Map<string, Uint8Array>;
  readonly #disk: SimulatedDisk;
  #syncCount = 0;

  constructor(disk: SimulatedDisk, before?: SimulatedTree) {
    this.#disk = disk;
    this.records = new Map(before?.records);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.records.get(hex(key))?.slice();
  }

  *range({ from, to, isBackward }: TreeRange): IterableIterator<{ key: Uint8Array; value: Uint8Array }> {
    const keys = [...this.records.keys()]
      .map((key) => new Uint8Array(Buffer.from(key, "hex")))
      .filter((key) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
      .sort(compareBytes);
    for (const key of isBackward ? keys.reverse() : keys) {
      yield { key, value: (this.records.get(hex(key)) ?? new Uint8Array()).slice() };
    }
  }

  async settle(changes: ReadonlyMap<string, Uint8Array | undefined>, sequence: bigint): Promise<void> {
    for (const entries of transactionsOf(changes, sequence)) {
      // Slower than the journal, so that commits go on meanwhile.
      for (let turn = 0; turn < 24; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.#syncCount += 2;
      this.#disk.step("tree", () => {
        for (const { key, value } of entries) {
          if (value === undefined) this.records.delete(hex(key));
          else this.records.set(hex(key), new Uint8Array(value));
        }
      });
    }
  }

  syncCount(): number {
    return this.#syncCount;
  }

  async close(): Promise<void> {}
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
