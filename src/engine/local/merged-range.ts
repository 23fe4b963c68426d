/** The overlay laid over the tree, as one ordered range: an overlaid key hides the tree's, an overlaid removal too. */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import type { OrderedMap } from "../ordered-map.ts";
import { unsealed } from "./record-seal.ts";
import type { Tree } from "./tree.ts";

/** A change that is durable and may not be in the tree yet. A new object for each change. */
export interface Overlaid {
  /** undefined: removed. */
  readonly value: Uint8Array | undefined;
}

export interface MapRange {
  /** Included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
  readonly isBackward: boolean;
}

/** @throws RECORD_CORRUPT */
export function* mergedRange(
  tree: Tree,
  overlay: OrderedMap<Overlaid>,
  range: MapRange,
): Generator<readonly [key: string, value: Uint8Array]> {
  if (range.from >= range.to) return;
  const { isBackward } = range;
  const below = tree.range({ from: bytesOfText(range.from), to: bytesOfText(range.to), isBackward });
  const above = isBackward ? overlay.backward(range) : overlay.forward(range);
  try {
    let lower = below.next();
    let upper = above.next();
    while (!lower.done || !upper.done) {
      const lowerKey = lower.done ? undefined : byteText(lower.value.key);
      const upperKey = upper.done ? undefined : upper.value[0];
      if (
        upper.done ||
        (lowerKey !== undefined && upperKey !== undefined && isBefore(lowerKey, upperKey, isBackward))
      ) {
        if (lower.done) return;
        yield [lowerKey as string, unsealed(lower.value.key, lower.value.value)];
        lower = below.next();
        continue;
      }
      if (lowerKey === upperKey) lower = below.next();
      const { value } = upper.value[1];
      if (value !== undefined) yield [upper.value[0], value];
      upper = above.next();
    }
  } finally {
    below.return?.();
    above.return(undefined);
  }
}

function isBefore(left: string, right: string, isBackward: boolean): boolean {
  return isBackward ? left > right : left < right;
}
