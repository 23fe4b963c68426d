/** The core as the content of one bucket sees it: that of an encrypted bucket has its vault, and lengths of its own. */
import { EfsError } from "../../base/errors.ts";
import type { ChunkPut, PutOutcome } from "../../engine/chunk-store.ts";
import { contentIdOf } from "../../model/ids.ts";
import { formatBucketPath } from "../../model/names.ts";
import { ContentLengths } from "../content/content-lengths.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import type { Vault } from "./vault.ts";

const cores = new WeakMap<Vault, Core>();

/** The core to store and read content of the bucket with. @throws UNAVAILABLE, RECORD_CORRUPT when its key cannot be had */
export function inVault(core: Core, { record }: Pick<OpenBucket, "record">): Core {
  if (record.options.encryption === "none") return core;
  const vault = core.vaults.require(record.logId);
  const known = cores.get(vault);
  if (known !== undefined) return known;
  const made: Core = { ...core, vault, lengths: new ContentLengths() };
  cores.set(vault, made);
  return made;
}

/**
 * What was stored for a bucket can be read in no other vault: a bucket that was made anew meanwhile, or encrypted, refuses it.
 * @throws BUSY
 */
export function requireSameVault(storedFor: OpenBucket, bucket: OpenBucket): void {
  const [before, now] = [storedFor.record, bucket.record];
  if (before.logId === now.logId) return;
  if (before.options.encryption === "none" && now.options.encryption === "none") return;
  throw new EfsError(
    "BUSY",
    `bucket ${formatBucketPath(bucket.path)} was made anew while content came for it`,
    {
      hint: "try again",
    },
  );
}

/** Puts chunks and nodes under their plain ids, and those that are sealed already; resolves when durable. */
export function putPieces(core: Core, puts: readonly ChunkPut[]): Promise<PutOutcome> {
  return core.guard.putMany(sealedPuts(core, puts));
}

export function sealedPuts({ vault }: Pick<Core, "vault">, puts: readonly ChunkPut[]): readonly ChunkPut[] {
  if (vault === undefined) return puts;
  return puts.map((put) => (put.keyId === 0 ? vault.sealChunk(contentIdOf(put.key), put) : put));
}
