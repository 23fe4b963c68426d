/** Many readers at once: each fetches less, so that those who stall do not fill the memory. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/random.ts";
import type { StoredChunk } from "../../../src/engine/chunk-store.ts";
import { encodeNode } from "../../../src/model/chunk-manifest.ts";
import { contentId, nodeId } from "../../../src/model/hash.ts";
import { FETCH_BYTES_MAX, ReadAhead } from "../../../src/segment/chunk/read-ahead.ts";
import { readContent } from "../../../src/segment/chunk/tree-reader.ts";
import type { ContentPiece } from "../../../src/segment/replication.ts";

const CHUNK_BYTES = 64 * 1024;
const CHUNK_COUNT = 64;

describe("readers that take the first bytes and stall", () => {
  it("hold what one reader may while they are few, and a bounded whole when they are hundreds", async () => {
    const bytes = seededRandom(1).bytes(CHUNK_BYTES);
    const chunk = { codec: 0, keyId: 0, plainBytes: bytes.length, bytes };
    const reference = {
      kind: "chunk",
      id: contentId(bytes),
      skipBytes: 0,
      lengthBytes: CHUNK_BYTES,
    } as const;
    const nodeBytes = encodeNode(Array.from({ length: CHUNK_COUNT }, () => reference));
    const node = { codec: 0, keyId: 0, plainBytes: nodeBytes.length, bytes: nodeBytes };
    const root = {
      kind: "node",
      id: nodeId(nodeBytes),
      skipBytes: 0,
      lengthBytes: CHUNK_COUNT * CHUNK_BYTES,
    } as const;
    let fetchedBytes = 0;
    const fetch = async (pieces: readonly ContentPiece[]): Promise<StoredChunk[]> => {
      const stored = pieces.map(({ kind }) => (kind === "node" ? node : chunk));
      fetchedBytes += stored.reduce((sum, piece) => sum + piece.plainBytes, 0);
      return stored;
    };
    const readAhead = new ReadAhead();
    const readers = Array.from({ length: 300 }, () => readContent(fetch, root, { readAhead }));
    await readers[0]?.next();
    expect(fetchedBytes).toBeGreaterThanOrEqual(2 * FETCH_BYTES_MAX);
    for (const reader of readers) await reader.next();
    expect(fetchedBytes).toBeLessThan(200 * 1024 * 1024);
    for (const reader of readers) await reader.return(undefined);
    expect(readAhead.fetchBytes).toBe(FETCH_BYTES_MAX);
  });
});
