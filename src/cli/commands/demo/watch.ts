/** How the demo waits: it asks both segments until they agree, shows where it stands, and gives up when nothing moves any more. */
import type { AdminClient } from "../../../api/admin-client.ts";
import { EfsError } from "../../../base/errors.ts";
import type { BucketLinkStatus, LinkStatus } from "../../../model/link-status.ts";
import type { Session } from "../../session.ts";

export interface Pair {
  readonly hawaii: AdminClient;
  readonly remote: AdminClient;
}

export interface Awaited {
  /** What is awaited, as in "the far side has …". */
  readonly what: string;
  readonly isThere: () => Promise<boolean>;
  /** Anything that changes while things move. */
  readonly pulse: () => Promise<string>;
}

const POLL_MS = 50;
/** So long without any movement is a failure. */
const STILL_MS_MAX = 45_000;

/** Resolves to the milliseconds that it took. @throws TIMEOUT saying what the link says of itself */
export async function waitFor(session: Session, pair: Pair, awaited: Awaited): Promise<number> {
  const { clock, signal, talk } = session;
  const startMs = clock.monotonicMs();
  let movedMs = startMs;
  let pulse = "";
  const seconds = () => ((clock.monotonicMs() - startMs) / 1000).toFixed(1);
  const progress = await talk.progress(
    () => `waiting until the far side has ${awaited.what}: ${pulse} (${seconds()} s)`,
  );
  try {
    while (!(await awaited.isThere())) {
      if (signal.aborted) throw new EfsError("CANCELLED", "interrupted");
      const next = await awaited.pulse();
      if (next !== pulse) movedMs = clock.monotonicMs();
      pulse = next;
      if (clock.monotonicMs() - movedMs > STILL_MS_MAX) {
        const { stateText } = await linkOf(pair);
        throw new EfsError(
          "TIMEOUT",
          `the far side does not get ${awaited.what}: ${pulse}; the link says: ${stateText}`,
        );
      }
      await clock.sleep(POLL_MS, signal);
    }
  } finally {
    progress.stop();
  }
  return clock.monotonicMs() - startMs;
}

/** The far side holds as many objects and bytes of the bucket as the near one, and the link has nothing left to send. */
export async function waitForBucket(session: Session, pair: Pair, bucket: string): Promise<number> {
  const wanted = await pair.hawaii.showBucket(bucket);
  let there = 0;
  return waitFor(session, pair, {
    what: `${wanted.objectCount} objects of ${bucket}`,
    isThere: async () => {
      const found = await pair.remote.showBucket(bucket).catch(() => undefined);
      there = found?.objectCount ?? 0;
      if (there !== wanted.objectCount || found?.sizeBytes !== wanted.sizeBytes) return false;
      const link = (await linkOf(pair)).buckets.find(({ path }) => path === bucket);
      return link !== undefined && link.backlog.versions === 0 && link.initialPass === undefined;
    },
    pulse: async () => `${there} there, ${(await countersOf(pair)).bytesSent} bytes sent`,
  });
}

/** The far side holds the near side's version of one object. */
export async function waitForObject(
  session: Session,
  pair: Pair,
  bucket: string,
  name: string,
): Promise<number> {
  const { versionId } = await pair.hawaii.showObject(bucket, name);
  return waitFor(session, pair, {
    what: `this version of ${bucket}/${name}`,
    isThere: () =>
      pair.remote.showObject(bucket, name).then(
        (found) => found.versionId === versionId,
        () => false,
      ),
    pulse: async () => `${(await countersOf(pair)).bytesSent} bytes sent`,
  });
}

export async function linkOf(pair: Pair): Promise<LinkStatus> {
  const { link } = await pair.hawaii.serviceStatus("hawaii");
  if (link === undefined) throw new EfsError("INTERNAL", "the demo's service is no link");
  return link;
}

export interface Sent {
  readonly chunks: number;
  readonly bytesSent: number;
}

/** What the sender has sent so far, over all its buckets. */
export async function countersOf(pair: Pair): Promise<Sent> {
  const { buckets } = await linkOf(pair);
  const sum = (figure: (bucket: BucketLinkStatus) => number) =>
    buckets.reduce((total, bucket) => total + figure(bucket), 0);
  return {
    chunks: sum(({ counters }) => counters.dataChunksSent),
    bytesSent: sum(({ counters }) => counters.bytesSent),
  };
}

export function since(before: Sent, after: Sent): Sent {
  return { chunks: after.chunks - before.chunks, bytesSent: after.bytesSent - before.bytesSent };
}
