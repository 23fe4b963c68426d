/** Which members of two lists correspond: the longest chain of common unique members, widened by equal neighbours. */

/** Pairs of places, both rising. */
export type Alignment = ReadonlyArray<readonly [newIndex: number, oldIndex: number]>;

export function alignKeys(newKeys: readonly string[], oldKeys: readonly string[]): Alignment {
  const anchors = longestRising(commonUnique(newKeys, oldKeys));
  const pairs: Array<readonly [number, number]> = [];
  let newFloor = 0;
  let oldFloor = 0;
  for (const [newAnchor, oldAnchor] of [...anchors, [newKeys.length, oldKeys.length] as const]) {
    // Equal members right behind the anchor before, then right before this one.
    let [newHead, oldHead] = [newFloor, oldFloor];
    while (newHead < newAnchor && oldHead < oldAnchor && newKeys[newHead] === oldKeys[oldHead]) {
      pairs.push([newHead, oldHead]);
      newHead += 1;
      oldHead += 1;
    }
    const before: Array<readonly [number, number]> = [];
    let [newTail, oldTail] = [newAnchor - 1, oldAnchor - 1];
    while (newTail >= newHead && oldTail >= oldHead && newKeys[newTail] === oldKeys[oldTail]) {
      before.push([newTail, oldTail]);
      newTail -= 1;
      oldTail -= 1;
    }
    pairs.push(...before.reverse());
    if (newAnchor < newKeys.length) pairs.push([newAnchor, oldAnchor]);
    newFloor = newAnchor + 1;
    oldFloor = oldAnchor + 1;
  }
  return pairs;
}

function commonUnique(newKeys: readonly string[], oldKeys: readonly string[]): Alignment {
  const oldPlaces = uniquePlaces(oldKeys);
  const common: Array<readonly [number, number]> = [];
  for (const [key, newIndex] of uniquePlaces(newKeys)) {
    const oldIndex = oldPlaces.get(key);
    if (newIndex >= 0 && oldIndex !== undefined && oldIndex >= 0) common.push([newIndex, oldIndex]);
  }
  return common;
}

/** The place of each key in order of first places; -1 for a key that stands more than once. */
function uniquePlaces(keys: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  keys.forEach((key, index) => {
    places.set(key, places.has(key) ? -1 : index);
  });
  return places;
}

/** Patience: the longest part of the pairs (rising in the first) that rises in the second as well. */
function longestRising(pairs: Alignment): Alignment {
  const previous: number[] = [];
  /** For each length of chain, the pair that ends the one with the least end. */
  const ends: number[] = [];
  pairs.forEach(([, oldIndex], index) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] as number]?.[1] as number) < oldIndex) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : (ends[low - 1] as number);
    ends[low] = index;
  });
  const chain: Array<readonly [number, number]> = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = previous[at] as number) {
    const pair = pairs[at];
    if (pair !== undefined) chain.push(pair);
  }
  return chain.reverse();
}
