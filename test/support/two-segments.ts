/**
 * Two real segments on this machine in a directory of the test's own, linked through the counting relay on wish. Everything that was
 * started is ended, whatever way the test ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { SegmentPair } from "../../bench/segment-pair.ts";

export interface TwoSegmentsOptions {
  /** One way, in the relay. */
  readonly delayMs?: number;
  /** false: nothing is linked yet. */
  readonly isLinked?: boolean;
  readonly intervalMs?: number;
}

/** A directory that goes with the test. Short, because unix sockets lie in it. */
export async function testDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "efs-t-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

/** Both daemons run, `Hawaii/Cola/bk1` is at the near side, and the link is made unless `isLinked` is false. */
export async function twoSegments(options: TwoSegmentsOptions = {}): Promise<SegmentPair> {
  const directory = await testDirectory();
  const pair = await SegmentPair.start({ directory, ...options });
  onTestFinished(() => pair.stop());
  await pair.createBucket();
  if (options.isLinked === false) return pair;
  await pair.addReceiver();
  await pair.addSender({ intervalMs: options.intervalMs ?? 50 });
  return pair;
}
