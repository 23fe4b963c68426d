/** How long a link takes for many small objects over a relay with a delay. */

import { inFlight } from "../../bench/in-flight.ts";
import { BUCKET, type SegmentPair } from "../../bench/segment-pair.ts";
import { incompressibleBytes } from "../../bench/text.ts";
import { twoSegments } from "./two-segments.ts";

const OBJECT_BYTES = 1024;
const DEADLINE_MS = 300_000;

/** Milliseconds from the making of the link until the far side holds `count` objects of 1 KiB that were stored before. */
export async function replicationMs(count: number, roundTripMs: number): Promise<number> {
  const pair: SegmentPair = await twoSegments({ isLinked: false, delayMs: roundTripMs / 2 });
  const bytes = incompressibleBytes(1, count * OBJECT_BYTES);
  await inFlight(count, 32, async (index) => {
    const body = bytes.subarray(index * OBJECT_BYTES, (index + 1) * OBJECT_BYTES);
    await pair.near.api.putObject(BUCKET, `object-${String(index).padStart(6, "0")}`, body);
  });
  await pair.addReceiver();
  const startMs = performance.now();
  await pair.addSender();
  await pair.waitUntilEqual(BUCKET, DEADLINE_MS);
  const tookMs = performance.now() - startMs;
  await pair.stop();
  return tookMs;
}
