/** kill -9 of either efsd at random moments while files are written and replicated, and what must hold afterwards. */
import { assertSame, BUCKET, type SegmentPair } from "../../bench/segment-pair.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { type Random, seededRandom, systemRandom } from "../../src/base/random.ts";
import { openLocalEngine } from "../../src/engine/local/open.ts";
import { parseBucketPath } from "../../src/model/names.ts";
import { openSegment } from "../../src/segment/open.ts";
import { History } from "./history.ts";
import { twoSegments } from "./two-segments.ts";

const WRITERS = 4;
const LIFE_MS_MAX = 900;
const CONVERGE_MS_MAX = 60_000;

export interface KillOutcome {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  readonly objects: number;
}

/** @throws Error when an invariant does not hold, with the seed in its text */
export async function playKills(kills: number, seed: number): Promise<KillOutcome> {
  try {
    return await play(kills, seededRandom(seed));
  } catch (thrown) {
    throw new Error(`seed ${seed}: ${thrown instanceof Error ? thrown.message : thrown}`, { cause: thrown });
  }
}

async function play(kills: number, random: Random): Promise<KillOutcome> {
  const pair = await twoSegments();
  const history = new History(random);
  let isOver = false;
  let unacknowledged = 0;
  const writer = async (index: number) => {
    while (!isOver) {
      const isAcknowledged = await history.putOne(pair.near.api, BUCKET, index);
      if (!isAcknowledged) {
        unacknowledged += 1;
        await systemClock.sleep(20);
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, index) => writer(index));
  try {
    for (let count = 0; count < kills; count += 1) {
      await systemClock.sleep(random.fraction() * LIFE_MS_MAX);
      const side = random.fraction() < 0.5 ? "near" : "far";
      await pair[side].stop("SIGKILL");
      await pair.restart(side);
    }
  } finally {
    isOver = true;
    await Promise.all(writers);
  }
  await pair.waitUntilEqual(BUCKET, CONVERGE_MS_MAX);
  await pair.waitForSentinel(BUCKET, CONVERGE_MS_MAX);
  const objects = await assertSame(pair.near.api, pair.far.api, BUCKET);
  await history.check(pair.near.api, BUCKET);
  await history.check(pair.far.api, BUCKET);
  await checkLogs(pair);
  return { kills, acknowledged: history.acknowledgedCount, unacknowledged, objects };
}

/** Reads both logs and all kept versions from the data directories, daemons stopped: every version is there once. */
async function checkLogs(pair: SegmentPair): Promise<void> {
  for (const daemon of [pair.near, pair.far]) {
    await daemon.stop();
    const options = { clock: systemClock, random: systemRandom, log: silentLog };
    const engine = await openLocalEngine({ directory: daemon.dataDirectory, ...options });
    const segment = await openSegment({ engine, ...options });
    try {
      const logged = new Set<string>();
      const bucket = parseBucketPath(BUCKET);
      for (let after = 0n; ; ) {
        const entries = await segment.replication.readLog(bucket, after, 1000);
        for (const { object, uvid, position } of entries) {
          const version = `${object} ${uvid}`;
          if (logged.has(version)) throw new Error(`${daemon.dataDirectory} logged ${version} twice`);
          logged.add(version);
          after = position;
        }
        if (entries.length === 0) break;
      }
      const stored = new Set<string>();
      for (let after: string | undefined; ; ) {
        const page = await segment.objects.listVersions(bucket, { after, limit: 1000 });
        for (const item of page.items) {
          if (item.kind !== "version") continue;
          const { version } = item;
          const id = `${version.object} ${version.uvid}`;
          if (stored.has(id)) throw new Error(`${daemon.dataDirectory} stored ${id} twice`);
          if (!logged.has(id)) throw new Error(`${daemon.dataDirectory} stored ${id} without logging it`);
          stored.add(id);
        }
        // Kept versions are few here: no page ends inside a name.
        after = page.next?.after;
        if (after === undefined) break;
      }
    } finally {
      await segment.close();
    }
  }
}
