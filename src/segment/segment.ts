/**
 * The front door of the segment layer: one site's storage with every rule of the product. Gateways and the daemon see
 * these interfaces and `openSegment` (open.ts) only. All methods throw EfsError; what resolved is durable and visible.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Engine } from "../engine/engine.ts";
import type { SegmentId, SystemGuid, WriterId } from "../model/ids.ts";
import type { AnnotationStore } from "./annotations.ts";
import type { Namespace } from "./namespace.ts";
import type { Objects } from "./objects.ts";
import type { Replication } from "./replication.ts";
import type { ServiceStore } from "./services.ts";
import type { Uploads } from "./uploads.ts";
import type { UserStore } from "./users.ts";

export interface Segment {
  readonly guid: SystemGuid;
  /** The first half of the System GUID. */
  readonly id: SegmentId;
  /** New at each start. */
  readonly writer: WriterId;
  /** Name that the admin gave (`efsd --name`), for people; not an identity. */
  readonly name: string;
  readonly namespace: Namespace;
  readonly objects: Objects;
  readonly annotations: AnnotationStore;
  readonly uploads: Uploads;
  readonly users: UserStore;
  readonly services: ServiceStore;
  readonly replication: Replication;
  usage(): Promise<SegmentUsage>;
  /** Waits for what is under way, then closes the engine. */
  close(): Promise<void>;
}

export interface SegmentUsage {
  readonly chunkCount: number;
  /** Bytes of chunks as stored, after compression and deduplication. */
  readonly storedBytes: number;
  readonly objectCount: number;
  /** Bytes of the latest versions as a reader sees them. */
  readonly logicalBytes: number;
  readonly totalBytes: number | undefined;
  readonly freeBytes: number | undefined;
  /** False when free space is below 2 % or 1 GiB, or a sync failed: reads and deletes go on. */
  readonly isWritable: boolean;
}

export interface SegmentOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 32 bytes that encrypt secrets at rest; kept outside the engine. undefined: a segment whose users cannot have keys. */
  readonly segmentKey?: Uint8Array | undefined;
  /** undefined: the stored name, or `segment` at first. */
  readonly name?: string | undefined;
  /** Worker threads that cut, hash and compress; 0 does all in the caller's thread. */
  readonly workers?: number | undefined;
  /** Refuse writes below this much free space; undefined: the lesser of 2 % and 1 GiB … see DESIGN.md. */
  readonly freeBytesMin?: number | undefined;
}
