/** Small makers of keys, values, chunks and batches for the engine's tests. */
import { createHash } from "node:crypto";
import { utf8 } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import type { ChunkPut } from "../../src/engine/chunk-store.ts";
import type { Batch, MetaRecord, MetaStore } from "../../src/engine/meta-store.ts";

export const key = utf8;
export const value = utf8;

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString("utf8");
}

export function texts(
  records: readonly MetaRecord[],
): ReadonlyArray<readonly [string | undefined, string | undefined]> {
  return records.map((record) => [text(record.key), text(record.value)]);
}

export function i64(number: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, number);
  return bytes;
}

export function chunkOf(bytes: Uint8Array, facts: Partial<ChunkPut> = {}): ChunkPut {
  const hash = new Uint8Array(createHash("sha256").update(bytes).digest());
  return { key: hash, codec: 0, keyId: 0, plainBytes: bytes.length, bytes, ...facts };
}

/** A chunk of `sizeBytes` bytes that differ for each `seed`. */
export function chunkFrom(seed: number, sizeBytes = 100): ChunkPut {
  const bytes = new Uint8Array(sizeBytes);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return chunkOf(bytes, {
    plainBytes: sizeBytes,
    key: new Uint8Array(createHash("sha256").update(`${seed}`).digest()),
  });
}

export async function put(records: MetaStore, pairs: Readonly<Record<string, string>>): Promise<void> {
  const writes = Object.entries(pairs).map(([name, content]) => ({ key: key(name), value: value(content) }));
  const outcome = await records.commit({ writes });
  if (!outcome.isCommitted) throw new Error("a batch without checks was not committed");
}

/** A batch that writes one record if its key is absent. */
export function creating(name: string, content = "x"): Batch {
  return {
    checks: [{ key: key(name), expected: undefined }],
    writes: [{ key: key(name), value: value(content) }],
  };
}

/** The code with which a promise fails; undefined when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof EfsError) return error.code;
    throw error;
  }
}

/** Waits until `condition` holds; fails after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("waited five seconds in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
