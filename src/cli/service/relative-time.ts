/** Time spans in words, in the steps and words that EdgeFS used (go-humanize): `now`, `20 seconds ago`, `3 weeks from now`. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 12 * MONTH;

/** Below `limitMs`: `word`, where `%d` is the span in units of `unitMs`, truncated. */
const STEPS: ReadonlyArray<readonly [limitMs: number, word: string, unitMs: number]> = [
  [SECOND, "now", 1],
  [2 * SECOND, "1 second %s", 1],
  [MINUTE, "%d seconds %s", SECOND],
  [2 * MINUTE, "1 minute %s", 1],
  [HOUR, "%d minutes %s", MINUTE],
  [2 * HOUR, "1 hour %s", 1],
  [DAY, "%d hours %s", HOUR],
  [2 * DAY, "1 day %s", 1],
  [WEEK, "%d days %s", DAY],
  [2 * WEEK, "1 week %s", 1],
  [MONTH, "%d weeks %s", WEEK],
  [2 * MONTH, "1 month %s", 1],
  [YEAR, "%d months %s", MONTH],
  [18 * MONTH, "1 year %s", 1],
  [2 * YEAR, "2 years %s", 1],
  [37 * YEAR, "%d years %s", YEAR],
  [Number.POSITIVE_INFINITY, "a long while %s", 1],
];

export function relativeTime(atMs: number, nowMs: number): string {
  const spanMs = Math.abs(nowMs - atMs);
  const [, word = "now", unitMs = 1] = STEPS.find(([limitMs]) => spanMs < limitMs) ?? [];
  return word
    .replace("%d", String(Math.trunc(spanMs / unitMs)))
    .replace("%s", atMs <= nowMs ? "ago" : "from now");
}
