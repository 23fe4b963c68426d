/** A large object over a link that is cut at random bytes, with kills of both sides in between: what crossed, beside an uncut one. */
import { BUCKET } from "../../bench/segment-pair.ts";
import { incompressible } from "../../bench/text.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { twoSegments } from "./two-segments.ts";

const DEADLINE_MS = 600_000;

export interface ResumeOptions {
  readonly sizeBytes: number;
  readonly cuts: number;
  /** Every so many cuts a side is killed as well, in turns. */
  readonly killEvery: number;
  readonly seed: number;
}

export interface ResumeOutcome {
  readonly uncutBytes: number;
  readonly cutBytes: number;
  readonly kills: number;
  readonly tookMs: number;
}

export async function playResume(options: ResumeOptions): Promise<ResumeOutcome> {
  const { sizeBytes, cuts, killEvery, seed } = options;
  const pair = await twoSegments();
  const put = (name: string, contentSeed: number) =>
    pair.near.api.putObject(
      BUCKET,
      name,
      (async function* () {
        yield* incompressible(contentSeed, sizeBytes);
      })(),
    );

  const before = pair.relay.counts().totalBytes;
  const uncut = await put("uncut", seed * 2);
  await pair.waitForSentinel(BUCKET, DEADLINE_MS);
  const uncutBytes = pair.relay.counts().totalBytes - before;

  const startMs = performance.now();
  const places = randomPlaces(seededRandom(seed), cuts, sizeBytes);
  const start = pair.relay.counts().totalBytes;
  let kills = 0;
  const writing = put("cut", seed * 2 + 1);
  for (const [index, place] of places.entries()) {
    const already = pair.relay.counts().totalBytes - start;
    await pair.relay.cutAfter(Math.max(1, place - already));
    if (index % killEvery !== killEvery - 1) continue;
    // The near side is killed only when the put has been acknowledged: what is not stored cannot be resumed.
    const side = kills % 2 === 0 ? "far" : "near";
    if (side === "near") await writing;
    await pair[side].stop("SIGKILL");
    await pair.restart(side);
    kills += 1;
  }
  const written = await writing;
  await pair.waitForSentinel(BUCKET, DEADLINE_MS);
  const cutBytes = pair.relay.counts().totalBytes - start;
  for (const version of [uncut, written]) {
    const far = await pair.far.api.showObject(BUCKET, version.name);
    if (far.versionId !== version.versionId || far.contentId !== version.contentId) {
      throw new Error(`the far side's ${version.name} is another`);
    }
  }
  await pair.stop();
  return { uncutBytes, cutBytes, kills, tookMs: performance.now() - startMs };
}

/** Ascending places in the stream. */
function randomPlaces(random: Random, count: number, sizeBytes: number): readonly number[] {
  return Array.from({ length: count }, () => Math.floor(random.fraction() * sizeBytes)).sort((a, b) => a - b);
}
