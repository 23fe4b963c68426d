/**
 * What a link says of itself: the 19 counters of EdgeFS for each served bucket, and beneath them what EdgeFS never
 * said. Counters mean *transferred*; what was already there is counted apart. Numbers are exact; views round.
 */
import type { SegmentId } from "./ids.ts";

/** In words, for people and scripts; never an endless `idle`. */
export const LINK_STATES = [
  "disabled",
  "starting",
  "listening",
  "connecting",
  "no answer",
  "refused",
  "connected",
  "same segment",
  "cloned segment",
  "wrong key",
  "directions do not pair",
  "path refused",
  "protocol version",
  "clocks apart",
  "error",
] as const;
export type LinkState = (typeof LINK_STATES)[number];

export interface LinkStatus {
  readonly kind: "link";
  readonly state: LinkState;
  /** A sentence: what the state means here and now (`connecting to 10.0.0.1:14000, no answer for 12 s`). */
  readonly stateText: string;
  /** The far segment, once it has said hello. */
  readonly peer: { readonly segment: SegmentId; readonly name: string; readonly address: string } | undefined;
  /** Where a receiver listens, `host:port`; undefined when it does not. */
  readonly listenAddress: string | undefined;
  readonly isEncrypted: boolean;
  readonly lastError:
    | {
        readonly code: string;
        readonly message: string;
        readonly atMs: number /** The command that mends it. */;
        readonly fix: string | undefined;
      }
    | undefined;
  /** Wall clock of the next attempt; undefined when none is planned. */
  readonly nextAttemptMs: number | undefined;
  readonly buckets: readonly BucketLinkStatus[];
}

export interface BucketLinkStatus {
  /** `cluster/tenant/bucket` here. */
  readonly path: string;
  /** `cluster/tenant/bucket` at the far side. */
  readonly destination: string;
  readonly counters: LinkCounters;
  /** Wall clock when the counters were last written down. */
  readonly timestampMs: number;
  readonly status: "idle" | "active" | "error";
  readonly phase: "initial" | "continuous" | "paused" | "done";
  readonly mode: "complete" | "mdonly" | "vmonly";
  /** Age of the newest change when it was applied at the far side, or of the oldest that waits when that is more. */
  readonly delayMs: number;
  /** Round trip of the last exchange. */
  readonly latencyMs: number;
  readonly sendBytesPerSecond: number;
  readonly receiveBytesPerSecond: number;
  /** Changes in the log that the far side has not acknowledged. */
  readonly backlog: { readonly versions: number; readonly bytes: number };
  /** While an initial pass or full compare runs: share done 0 to 1 and time left; undefined otherwise. */
  readonly initialPass: { readonly share: number; readonly remainingMs: number | undefined } | undefined;
}

/** Counters that survive a restart; all start at 0. Bytes are on the link, protocol included. */
export interface LinkCounters {
  readonly requests: number;
  readonly versionManifests: number;
  readonly chunkManifests: number;
  readonly dataChunksSent: number;
  readonly dataChunksReceived: number;
  readonly snapviews: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly networkErrors: number;
  readonly localIoErrors: number;
  readonly remoteIoErrors: number;
  /**
   * Already at the far side, so not sent: content by chunk, where a tree node that is there counts as one with all beneath it. A
   * version's manifest crosses before that is known; `versionManifests` counts those that were new there.
   */
  readonly alreadyThereVersions: number;
  readonly alreadyThereChunks: number;
  readonly alreadyThereBytes: number;
  /** Changes of tags, ACL, hold and retention that were new at the far side. */
  readonly annotations: number;
  /** Versions that were removed for good at the far side. */
  readonly expunges: number;
  /** Those that a legal hold or a retention there forbade. */
  readonly refusedExpunges: number;
  /** Parts of bytesSent + bytesReceived: control messages, and payload (manifests' content and chunks). */
  readonly controlBytes: number;
  readonly payloadBytes: number;
}
