/** Pieces that the scripts for bash and zsh share: a case from words typed to the spot in the command tree. */
import type { Spot } from "./spots.ts";

const SAFE = /^[A-Za-z0-9:._/-]+$/;

/** Words of our own making, so nothing needs quoting; this keeps it so. */
export function plain(word: string): string {
  return SAFE.test(word) ? word : "";
}

export const flagWords = (spot: Spot) =>
  spot.flags.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);

/** A case over the noun and verb: aliases lead to the same spot. */
export function cases(spots: readonly Spot[], body: (spot: Spot) => string): string {
  const named = new Map(spots.map((spot) => [spot.path.join(" "), spot]));
  const patterns = (spot: Spot) => {
    const ways = spot.path.map((name, depth) => {
      const aliases = named.get(spot.path.slice(0, depth + 1).join(" "))?.aliases ?? [];
      return [name, ...aliases];
    });
    const joined = ways.reduce<readonly string[]>(
      (before, names) =>
        before.flatMap((start) => names.map((name) => (start === "" ? name : `${start} ${name}`))),
      [""],
    );
    return joined.map((way) => `"${way}"`).join("|");
  };
  return spots.map((spot) => `    ${patterns(spot)}) ${body(spot)} ;;`).join("\n");
}

/** Flags with a value, as a pattern of a case: their values are stepped over when the spot is looked for. */
export const valueFlagPattern = (spots: readonly Spot[]) => {
  const valued = new Set(
    spots
      .flatMap((spot) => spot.flags)
      .filter((flag) => flag.takesValue)
      .flatMap(({ short, long }) => [short, long]),
  );
  return [...valued].filter((flag) => flag !== undefined).join("|");
};
