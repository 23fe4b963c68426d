/**
 * Puts the local engine together over a disk that is given: opening is recovery. The daemon comes here by open.ts; crash
 * tests by themselves, with a disk that loses and tears.
 */
import path from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ChunkStore } from "../chunk-store.ts";
import type { MetaStore } from "../meta-store.ts";
import { ChunkIndex } from "./chunk-index.ts";
import { Damage } from "./damage.ts";
import type { Disk } from "./disk.ts";
import { DurableMap } from "./durable-map.ts";
import { Health } from "./health.ts";
import { LocalChunkStore } from "./local-chunk-store.ts";
import { LocalMetaStore } from "./local-meta-store.ts";
import { PackFiles } from "./pack-files.ts";
import { recoverPacks } from "./pack-recovery.ts";
import { Tree } from "./tree.ts";

export const PACK_BYTES_MAX = 256 * 1024 * 1024;
export const CLAIM_AHEAD_MS = 60 * 60 * 1000;

export interface AssembleOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly salt: bigint;
  readonly clock: Clock;
  readonly log: Log;
  readonly packBytesMax?: number | undefined;
  readonly claimAheadMs?: number | undefined;
  readonly journalFileBytes?: number | undefined;
}

export interface LocalStores {
  readonly chunks: ChunkStore;
  readonly records: MetaStore;
  /** Waits for what is under way, then closes packs, journal and tree. */
  close(): Promise<void>;
}

/** @throws RECORD_CORRUPT, IO */
export async function assembleLocal(options: AssembleOptions): Promise<LocalStores> {
  const { disk, directory, log } = options;
  const health = new Health(log);
  const tree = await Tree.open({ ...options, health, directory: path.join(directory, "index") });
  const map = await DurableMap.open({ ...options, tree, health });
  const packs = path.join(directory, "packs");
  const packBytesMax = options.packBytesMax ?? PACK_BYTES_MAX;
  const files = new PackFiles({ disk, directory: packs, health, packBytesMax });
  try {
    await disk.makeDirectory(packs);
    await disk.syncDirectory(directory);
    return await assemble(options, { map, files, health });
  } catch (error) {
    await files.close();
    await map.abandon();
    throw error;
  }
}

async function assemble(
  options: AssembleOptions,
  { map, files, health }: { readonly map: DurableMap; readonly files: PackFiles; readonly health: Health },
): Promise<LocalStores> {
  const { clock, log } = options;
  const claimAheadMs = options.claimAheadMs ?? CLAIM_AHEAD_MS;
  const index = new ChunkIndex(map);
  const damage = new Damage({ index, files, log });
  await recoverPacks({ files, index, damage, log, claimedUntilMs: clock.wallMs() + claimAheadMs });
  const chunks = new LocalChunkStore({
    index,
    files,
    damage,
    health,
    clock,
    claimAheadMs,
    indexSyncCount: () => map.syncCount(),
  });
  const records = new LocalMetaStore(map);
  const close = async () => {
    await chunks.close();
    await records.close();
    await map.close();
  };
  return { chunks, records, close };
}
