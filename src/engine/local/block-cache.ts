/** Blocks of all runs that stay in memory, so many bytes at most: those that were not used again go first. */
import type { Block } from "./run-block.ts";

export class BlockCache {
  readonly #bytesMax: number;
  /** In order of arrival, or of the last time that a use was seen; with what takes the block out of its run. */
  readonly #blocks = new Map<Block, () => void>();
  #sizeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Puts a block into `blocks`, and takes it out again when there is no more room for it. */
  keep(blocks: Array<Block | undefined>, index: number, block: Block): void {
    blocks[index] = block;
    this.#sizeBytes += block.sizeBytes;
    this.#blocks.set(block, () => {
      blocks[index] = undefined;
    });
    for (const [oldest, forget] of this.#blocks) {
      if (this.#sizeBytes <= this.#bytesMax) return;
      this.#blocks.delete(oldest);
      if (oldest.isUsed) {
        oldest.isUsed = false;
        this.#blocks.set(oldest, forget);
        continue;
      }
      this.#sizeBytes -= oldest.sizeBytes;
      forget();
    }
  }
}
