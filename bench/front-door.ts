/**
 * Durable puts at the segment's front door, in this process: `node front-door.js small DIRECTORY COUNT` puts objects of 1 KiB with 16 in
 * flight, `node front-door.js stream DIRECTORY BYTES SEED` one incompressible object. Prints the milliseconds that it took.
 */
import { systemClock } from "../src/base/clock.ts";
import { silentLog } from "../src/base/log.ts";
import { systemRandom } from "../src/base/random.ts";
import { openLocalEngine } from "../src/engine/local/open.ts";
import { parseBucketPath, parseObjectName } from "../src/model/names.ts";
import { openSegment } from "../src/segment/open.ts";
import { inFlight } from "./in-flight.ts";
import { BUCKET } from "./segment-pair.ts";
import { incompressible, incompressibleBytes } from "./text.ts";

const [what = "", directory = "", countText = "0", seedText = "1"] = process.argv.slice(2);
const bucket = parseBucketPath(BUCKET);
const engine = await openLocalEngine({ directory, clock: systemClock, log: silentLog });
const segment = await openSegment({ engine, clock: systemClock, random: systemRandom, log: silentLog });
await segment.namespace.ensureBucket(bucket, {});
const bytes = what === "small" ? incompressibleBytes(1, Number(countText) * 1024) : new Uint8Array();

const startMs = performance.now();
if (what === "small") {
  await inFlight(Number(countText), 16, async (index) => {
    const body = bytes.subarray(index * 1024, (index + 1) * 1024);
    await segment.objects.put({ ...bucket, object: parseObjectName(`object-${index}`) }, body);
  });
} else {
  const stream = (async function* () {
    yield* incompressible(Number(seedText), Number(countText));
  })();
  await segment.objects.put({ ...bucket, object: parseObjectName("stream") }, stream);
}
process.stdout.write(`${performance.now() - startMs}\n`);
await segment.close();
