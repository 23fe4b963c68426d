/**
 * Opens a segment on an engine. What it does at each start, in this order: reads or makes the identity (`g/segment`), checks the
 * segment key, sets the hybrid clock above all that was given before, decides deletions of buckets that a crash left open. DESIGN.md has
 * the crash table.
 */
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { KeyedMutex, Limiter } from "../base/limiter.ts";
import type { MetaStore } from "../engine/meta-store.ts";
import { idBytes, type SystemGuid, segmentOfGuid, systemGuidOf, writerIdOf } from "../model/ids.ts";
import { NAME_BYTES_MAX } from "../model/limits.ts";
import { parseBucketName } from "../model/names.ts";
import { openAnnotations } from "./annotation/open-annotations.ts";
import { openChunkPool } from "./chunk/pool.ts";
import { ReadAhead } from "./chunk/read-ahead.ts";
import { ContentLengths } from "./content/content-lengths.ts";
import { Buckets } from "./core/buckets.ts";
import { type Core, counterOf, scanAll } from "./core/core.ts";
import { HybridClock } from "./core/hybrid-clock.ts";
import { InFlight } from "./core/in-flight.ts";
import { Quotas } from "./core/quotas.ts";
import { SpaceGuard } from "./core/space-guard.ts";
import { COUNTER_PREFIX, rangeOf, SEGMENT_KEY } from "./keys.ts";
import { Dropper, recoverDeletions } from "./namespace/delete-bucket.ts";
import { openNamespace } from "./namespace/open-namespace.ts";
import { openObjects } from "./object/open-objects.ts";
import { openReplication } from "./replication/open-replication.ts";
import type { Segment, SegmentOptions, SegmentUsage } from "./segment.ts";
import { openServiceStore } from "./service/service-store.ts";
import { openUploads } from "./upload/open-uploads.ts";
import { openUsers } from "./user/open-users.ts";
import { checkSegmentKey } from "./user/sealer.ts";
import { VaultRecords } from "./vault/vault-records.ts";
import { Vaults } from "./vault/vaults.ts";

const FORMAT = 1;
const GUID_BYTES = 16;
const WRITER_ID_BYTES = 8;
const DEFAULT_NAME = "segment";
const DEFAULT_WORKERS = 2;
const LARGE_PUTS_MAX = 8;
const OBJECT_COUNTER = "o".charCodeAt(0);
const BYTES_COUNTER = "b".charCodeAt(0);

interface Identity {
  readonly guid: SystemGuid;
  readonly name: string;
}

/** @throws FORMAT_TOO_NEW, RECORD_CORRUPT (the records are lost), BAD_NAME (options.name), BAD_CONFIG (another segment key), what the engine throws */
export async function openSegment(options: SegmentOptions): Promise<Segment> {
  const { engine, clock, random, log } = options;
  const identity = await openIdentity(options);
  if (options.segmentKey !== undefined) await checkSegmentKey(engine.records, options.segmentKey);
  const id = segmentOfGuid(identity.guid);
  const writer = writerIdOf(random.bytes(WRITER_ID_BYTES));
  const vaults = await Vaults.open({ records: engine.records, random, segmentKey: options.segmentKey });
  const records = new VaultRecords(engine.records, vaults);
  const guard = await SpaceGuard.open({ engine, records, clock, log, freeBytesMin: options.freeBytesMin });
  const core: Core = {
    id,
    records,
    restingRecords: engine.records,
    chunks: engine.chunks,
    guard,
    clock,
    random,
    log,
    hybridClock: await HybridClock.open({ records: engine.records, clock, segment: id, writer }),
    buckets: new Buckets(records),
    objectLocks: new KeyedMutex(),
    content: openChunkPool({ workers: options.workers ?? DEFAULT_WORKERS }),
    lengths: new ContentLengths(),
    vaults,
    vault: undefined,
    readAhead: new ReadAhead(),
    largePuts: new Limiter(LARGE_PUTS_MAX),
    quotas: new Quotas(engine.records),
    inFlight: new InFlight(),
  };
  const dropper = new Dropper(core);
  await recoverDeletions(core, dropper);
  const uploads = await openUploads(core);
  return {
    guid: identity.guid,
    id,
    writer,
    name: identity.name,
    namespace: openNamespace(core, dropper),
    objects: openObjects(core),
    annotations: openAnnotations(core),
    uploads: uploads.uploads,
    users: openUsers(core, options.segmentKey),
    services: openServiceStore(core),
    replication: openReplication(core),
    usage: () => usageOf(core),
    close: async () => {
      await core.inFlight.close();
      await dropper.close();
      await uploads.close();
      await core.content.close();
      await core.hybridClock.close().catch((thrown: unknown) => {
        // The ceiling stays where it is: the clock begins a little ahead at the next start.
        log.warn({ error: String(thrown) }, "the clock could not be written down");
      });
      await engine.close();
    },
  };
}

/** `g/segment`: u8 format 1, 16 bytes System GUID, the name. */
async function openIdentity(options: SegmentOptions): Promise<Identity> {
  const { records, chunks } = options.engine;
  const stored = await records.get(SEGMENT_KEY);
  // Nothing is put before the identity is there. An empty segment with a new identity would hide the loss.
  if (stored === undefined && chunks.stats().chunkCount > 0) {
    throw new EfsError("RECORD_CORRUPT", "the segment has chunks and lost its records, also of who it is", {
      hint: "restore the data directory, or begin an empty one and take the data from a linked segment",
      details: { chunks: chunks.stats().chunkCount },
    });
  }
  const before = stored === undefined ? undefined : decodeIdentity(stored);
  const name = checkedName(options.name) ?? before?.name ?? DEFAULT_NAME;
  const guid = before?.guid ?? systemGuidOf(options.random.bytes(GUID_BYTES));
  if (before?.name !== name) await writeIdentity(records, stored, { guid, name });
  return { guid, name };
}

async function writeIdentity(
  records: MetaStore,
  stored: Uint8Array | undefined,
  { guid, name }: Identity,
): Promise<void> {
  const value = new ByteWriter(64).u8(FORMAT).raw(idBytes(guid)).text(name).finish();
  const outcome = await records.commit({
    checks: [{ key: SEGMENT_KEY, expected: stored }],
    writes: [{ key: SEGMENT_KEY, value }],
  });
  if (!outcome.isCommitted) throw new EfsError("BUSY", "the segment is being opened by someone else");
}

function decodeIdentity(bytes: Uint8Array): Identity {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) {
    throw new EfsError("FORMAT_TOO_NEW", `the segment has format ${format}, this version reads ${FORMAT}`);
  }
  const guid = systemGuidOf(reader.raw(GUID_BYTES));
  const name = reader.text(NAME_BYTES_MAX);
  reader.end();
  return { guid, name };
}

/** A segment's name keeps the rules of a bucket's. @throws BAD_NAME */
function checkedName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : parseBucketName(name);
}

async function usageOf(core: Core): Promise<SegmentUsage> {
  await core.guard.refresh();
  let [objectCount, logicalBytes] = [0, 0];
  for await (const { key, value } of scanAll(core.records, rangeOf(COUNTER_PREFIX))) {
    if (key.at(-1) === OBJECT_COUNTER) objectCount += counterOf(value);
    if (key.at(-1) === BYTES_COUNTER) logicalBytes += counterOf(value);
  }
  const { chunkCount, storedBytes } = core.chunks.stats();
  return {
    chunkCount,
    storedBytes,
    objectCount,
    logicalBytes,
    totalBytes: core.guard.space?.totalBytes,
    freeBytes: core.guard.space?.freeBytes,
    isWritable: core.guard.isWritable,
  };
}
