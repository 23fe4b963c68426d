/** Stored pieces by their ids, wherever they rest: chunks and nodes in the chunk store, small contents in records. */
import { EfsError } from "../../base/errors.ts";
import type { ChunkKey, StoredChunk } from "../../engine/chunk-store.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import type { ContentId } from "../../model/ids.ts";
import { CODEC_PLAIN } from "../chunk/codec.ts";
import type { FetchPieces } from "../chunk/tree-reader.ts";
import type { Core } from "../core/core.ts";
import type { ContentPiece } from "../replication.ts";
import { SEAL_BYTES, type Vault } from "../vault/vault.ts";
import { smallBytes, smallPlace } from "./small-content.ts";

const GET_RECORDS_MAX = 1000;
/** Stands for a piece whose stored form is damaged: no id fits it, so that whoever verifies it says what and where it is. */
const DAMAGED: StoredChunk = { codec: CODEC_PLAIN, keyId: 0, plainBytes: 0, bytes: new Uint8Array(0) };

/** In the order asked, undefined where absent. A damaged one comes back as bytes that fit no id. At most 1,024. */
export async function fetchPieces(
  core: Core,
  pieces: readonly ContentPiece[],
): Promise<ReadonlyArray<StoredChunk | undefined>> {
  const smalls = pieces.filter((piece) => piece.kind === "small");
  if (smalls.length === 0) return fetchChunks(core, pieces);
  const chunks = await fetchChunks(
    core,
    pieces.filter((piece) => piece.kind !== "small"),
  );
  const records = await fetchSmalls(core, smalls);
  let [chunkIndex, smallIndex] = [0, 0];
  return pieces.map((piece) => (piece.kind === "small" ? records[smallIndex++] : chunks[chunkIndex++]));
}

/** As the tree's reader wants it. */
export function fetcherOf(core: Core): FetchPieces {
  return (pieces) => fetchPieces(core, pieces);
}

/** Lengths of the small contents, in order; undefined for those that are not here. */
export async function smallLengths(
  core: Core,
  ids: readonly ContentId[],
): Promise<ReadonlyArray<number | undefined>> {
  const lengths: Array<number | undefined> = [];
  for (let start = 0; start < ids.length; start += GET_RECORDS_MAX) {
    const keys = ids.slice(start, start + GET_RECORDS_MAX).map((id) => smallPlace(core, id));
    const values = await core.records.getMany(keys);
    const sealBytes = core.vault === undefined ? 0 : SEAL_BYTES;
    lengths.push(...values.map((value) => (value === undefined ? undefined : value.length - sealBytes)));
  }
  return lengths;
}

async function fetchChunks(
  core: Core,
  pieces: readonly ContentPiece[],
): Promise<ReadonlyArray<StoredChunk | undefined>> {
  if (pieces.length === 0) return [];
  const { vault } = core;
  const keys = pieces.map(({ id }) => (vault === undefined ? id : vault.placeOf(id)));
  const stored = await allOrEach(
    () => core.chunks.getMany(keys),
    () => keys.map((key) => core.chunks.get(key)),
  );
  if (vault === undefined) return stored;
  return keys.map((key, index) => openedChunk(vault, key, stored[index]));
}

function openedChunk(
  vault: Vault,
  place: ChunkKey,
  stored: StoredChunk | undefined,
): StoredChunk | undefined {
  if (stored === undefined || stored === DAMAGED) return stored;
  try {
    return vault.openChunk(place, stored);
  } catch (thrown) {
    if (thrown instanceof EfsError && thrown.code === "CHUNK_CORRUPT") return DAMAGED;
    throw thrown;
  }
}

async function fetchSmalls(
  core: Core,
  pieces: readonly ContentPiece[],
): Promise<ReadonlyArray<StoredChunk | undefined>> {
  const chunks: Array<StoredChunk | undefined> = [];
  for (let start = 0; start < pieces.length; start += GET_RECORDS_MAX) {
    const keys = pieces.slice(start, start + GET_RECORDS_MAX).map((piece) => smallPlace(core, piece.id));
    const page = await allOrEach(
      async () =>
        (await core.records.getMany(keys)).map((value, index) => smallChunk(core, keys[index], value)),
      () => keys.map(async (key) => smallChunk(core, key, await core.records.get(key))),
    );
    chunks.push(...page);
  }
  return chunks;
}

/** When one of many is damaged, each is asked for by itself, so that the others can be had. */
async function allOrEach(
  all: () => Promise<ReadonlyArray<StoredChunk | undefined>>,
  each: () => ReadonlyArray<Promise<StoredChunk | undefined>>,
): Promise<ReadonlyArray<StoredChunk | undefined>> {
  try {
    return await all();
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
  }
  return Promise.all(
    each().map((one) =>
      one.catch((thrown: unknown) => {
        if (isDamage(thrown)) return DAMAGED;
        throw thrown;
      }),
    ),
  );
}

function isDamage(thrown: unknown): boolean {
  return thrown instanceof EfsError && thrown.code === "RECORD_CORRUPT";
}

function smallChunk(
  core: Core,
  key: RecordKey | undefined,
  value: Uint8Array | undefined,
): StoredChunk | undefined {
  if (key === undefined || value === undefined) return undefined;
  const bytes = smallBytes(core, key, value);
  if (bytes === undefined) return DAMAGED;
  return { codec: CODEC_PLAIN, keyId: 0, plainBytes: bytes.length, bytes };
}
