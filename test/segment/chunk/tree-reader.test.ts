/** Reading: every range of every shape of tree gives the plain bytes, and damage is named and never given out. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import type { StoredChunk } from "../../../src/engine/chunk-store.ts";
import { encodeNode } from "../../../src/model/chunk-manifest.ts";
import { contentId, nodeId } from "../../../src/model/hash.ts";
import type { ContentRoot, Reference } from "../../../src/model/reference.ts";
import { encodeChunk } from "../../../src/segment/chunk/codec.ts";
import {
  FETCH_PIECES_MAX,
  type FetchPieces,
  readContent,
  readTreeNode,
  verifiedPiece,
} from "../../../src/segment/chunk/tree-reader.ts";
import { chunkWhole } from "../../../src/segment/chunk/window.ts";
import { below, mixedContent, Shelf, shelve } from "./content.ts";

interface Grown {
  readonly reference: Reference;
  readonly bytes: Uint8Array;
}

/** A tree of any shape: uneven depths, slices of slices, chunks and zeros of any size, nodes of one child. */
function grow(shelf: Shelf, random: Random, depth: number): Grown {
  const kind = depth === 0 ? below(random, 2) : below(random, 5);
  if (kind === 0) {
    const lengthBytes = 1 + below(random, 3000);
    return { reference: { kind: "zeros", lengthBytes }, bytes: new Uint8Array(lengthBytes) };
  }
  if (kind === 1) {
    const plain = random.bytes(1 + below(random, 3000));
    const id = contentId(plain);
    shelf.put({ key: id, ...encodeChunk(plain) });
    return sliced(random, { kind: "chunk", id, skipBytes: 0, lengthBytes: plain.length }, plain);
  }
  const children = Array.from({ length: 1 + below(random, 6) }, () => grow(shelf, random, depth - 1));
  const bytes = concat(children.map((child) => child.bytes));
  const id = putNode(
    shelf,
    children.map((child) => child.reference),
  );
  return sliced(random, { kind: "node", id, skipBytes: 0, lengthBytes: bytes.length }, bytes);
}

function sliced(random: Random, reference: Reference, bytes: Uint8Array): Grown {
  if (reference.kind === "zeros" || below(random, 2) === 0) return { reference, bytes };
  const skipBytes = below(random, bytes.length);
  const lengthBytes = 1 + below(random, bytes.length - skipBytes);
  return {
    reference: { ...reference, skipBytes, lengthBytes },
    bytes: bytes.subarray(skipBytes, skipBytes + lengthBytes),
  };
}

function putNode(shelf: Shelf, references: readonly Reference[]) {
  const bytes = encodeNode(references);
  const id = nodeId(bytes);
  shelf.put({ key: id, codec: 0, keyId: 0, plainBytes: bytes.length, bytes });
  return id;
}

async function failureOf(act: Promise<unknown>): Promise<EfsError> {
  try {
    await act;
  } catch (error) {
    if (error instanceof EfsError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

describe("reading a range", () => {
  it("gives the plain bytes of trees of any shape", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = seededRandom(seed);
        const shelf = new Shelf();
        const { reference, bytes } = grow(shelf, random, 5);
        expect(Buffer.compare(await shelf.read(reference), bytes)).toBe(0);
        for (let round = 0; round < 5; round += 1) {
          const startByte = below(random, bytes.length + 1);
          const endByte = startByte + below(random, bytes.length - startByte + 1);
          const part = await shelf.read(reference, { startByte, endByte });
          expect(Buffer.compare(part, bytes.subarray(startByte, endByte))).toBe(0);
        }
      }),
      { seed: 50, numRuns: 80 },
    );
  });

  it("gives the plain bytes after a history of edits, cut by content and at fixed size", async () => {
    for (const chunking of [{ kind: "content" }, { kind: "fixed", chunkBytes: 8192 }] as const) {
      const random = seededRandom(11);
      const shelf = new Shelf();
      let bytes = mixedContent(12, 10);
      for (let edit = 0; edit < 8; edit += 1) {
        const place = below(random, bytes.length);
        const behind = Math.min(bytes.length, place + below(random, 50_000));
        bytes = concat([bytes.subarray(0, place), mixedContent(edit, 1), bytes.subarray(behind)]);
        const { root } = shelve(shelf, chunkWhole(bytes, chunking));
        expect(Buffer.compare(await shelf.read(root), bytes)).toBe(0);
        const startByte = below(random, bytes.length);
        expect(Buffer.compare(await shelf.read(root, { startByte }), bytes.subarray(startByte))).toBe(0);
      }
    }
  });

  it("gives nothing for nothing, and small content by its id", async () => {
    const shelf = new Shelf();
    expect(await shelf.read({ kind: "none" })).toHaveLength(0);
    const plain = seededRandom(1).bytes(100);
    const id = contentId(plain);
    shelf.put({ key: id, codec: 0, keyId: 0, plainBytes: 100, bytes: plain });
    const root: ContentRoot = { kind: "small", id, lengthBytes: 100 };
    expect(await shelf.read(root, { startByte: 10, endByte: 20 })).toEqual(plain.slice(10, 20));
    expect(await shelf.read(root, { startByte: 20, endByte: 20 })).toHaveLength(0);
  });

  it("gives terabytes of zeros in bounded pieces, and stops when asked", async () => {
    const stop = new AbortController();
    const reading = readContent(
      new Shelf().fetch,
      { kind: "zeros", lengthBytes: 2 ** 44 },
      { signal: stop.signal },
    );
    const { value } = await reading.next();
    expect(value?.length).toBeLessThanOrEqual(1024 * 1024);
    await reading.return(undefined);
    stop.abort();
    const late = readContent(new Shelf().fetch, { kind: "zeros", lengthBytes: 10 }, { signal: stop.signal });
    expect((await failureOf(late.next())).code).toBe("CANCELLED");
  });

  it("fetches only what the range needs, many pieces at once and a bounded number ahead", async () => {
    const shelf = new Shelf();
    const bytes = seededRandom(13).bytes(12_000_000);
    const { root } = shelve(shelf, chunkWhole(bytes, { kind: "content" }));
    let asked: number[] = [];
    const fetch: FetchPieces = (pieces) => {
      asked.push(pieces.length);
      return shelf.fetch(pieces);
    };
    const collect = async (startByte: number, endByte: number) => {
      for await (const part of readContent(fetch, root, { startByte, endByte }))
        expect(part.length).toBeGreaterThan(0);
    };
    await collect(6_000_000, 6_000_010);
    expect(asked.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(4);
    asked = [];
    await collect(0, bytes.length);
    expect(Math.max(...asked)).toBeLessThanOrEqual(FETCH_PIECES_MAX);
    expect(asked.length).toBeLessThan(20);
    asked = [];
    const reading = readContent(fetch, root);
    await reading.next();
    expect(asked.reduce((sum, count) => sum + count)).toBeLessThan(90);
    await reading.return(undefined);
  });
});

describe("damage", () => {
  const random = seededRandom(21);
  const bytes = concat([random.bytes(2_000_000), random.bytes(1_000_000).map((byte) => byte & 15)]);
  const pieces = chunkWhole(bytes, { kind: "content" });

  it("of one bit in any chunk or node is CHUNK_CORRUPT with its id and place, and nothing wrong comes out", async () => {
    const whole = new Shelf();
    const { root } = shelve(whole, pieces);
    for (const [key, stored] of whole.pieces) {
      const shelf = new Shelf();
      for (const [other, piece] of whole.pieces) shelf.pieces.set(other, piece);
      const flipped = stored.bytes.slice();
      const bit = below(random, flipped.length * 8);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      shelf.pieces.set(key, { ...stored, bytes: flipped });
      const { failure, read } = await readUntilFailure(shelf, root);
      expect(failure).toMatchObject({
        code: "CHUNK_CORRUPT",
        details: { chunk: key, offset: expect.any(Number) },
      });
      expect(Buffer.compare(read, bytes.subarray(0, read.length))).toBe(0);
      expect(read.length).toBe(failure.details?.offset);
    }
  });

  it("by absence is CHUNK_MISSING with id and place", async () => {
    for (const kind of ["chunk", "node"] as const) {
      const shelf = new Shelf();
      const { root } = shelve(shelf, pieces);
      if (root.kind !== "node") throw new Error("a tree was expected");
      const key = kind === "node" ? toHex(root.id) : toHex(pieces[3]?.put?.key ?? new Uint8Array(0));
      shelf.pieces.delete(key);
      const { failure, read } = await readUntilFailure(shelf, root);
      expect(failure).toMatchObject({ code: "CHUNK_MISSING", details: { chunk: key, offset: read.length } });
    }
  });

  it("that a writer with right hashes can make is CHUNK_CORRUPT too", async () => {
    const shelf = new Shelf();
    const plain = random.bytes(100);
    const chunk = contentId(plain);
    shelf.put({ key: chunk, ...encodeChunk(plain) });
    const whole: Reference = { kind: "chunk", id: chunk, skipBytes: 0, lengthBytes: 100 };
    const node = putNode(shelf, [whole]);
    const noise = new Uint8Array(40).fill(1);
    shelf.put({ key: nodeId(noise), codec: 0, keyId: 0, plainBytes: 40, bytes: noise });
    const lies: readonly Reference[] = [
      { ...whole, lengthBytes: 101 },
      { ...whole, skipBytes: 50, lengthBytes: 51 },
      { kind: "node", id: node, skipBytes: 0, lengthBytes: 101 },
      { kind: "node", id: node, skipBytes: 100, lengthBytes: 1 },
      { kind: "node", id: nodeId(noise), skipBytes: 0, lengthBytes: 1 },
      // A chunk where a node is named, and the other way round.
      { kind: "node", id: chunk, skipBytes: 0, lengthBytes: 100 },
      { kind: "chunk", id: node, skipBytes: 0, lengthBytes: 10 },
    ];
    for (const lie of lies) {
      const failure = await failureOf(shelf.read(lie));
      expect(failure).toMatchObject({ code: "CHUNK_CORRUPT", details: { offset: 0 } });
    }
  });

  it("is not what a node of a later format is called", async () => {
    const shelf = new Shelf();
    const later = Uint8Array.of(2, 1);
    shelf.put({ key: nodeId(later), codec: 0, keyId: 0, plainBytes: 2, bytes: later });
    const reading = shelf.read({ kind: "node", id: nodeId(later), skipBytes: 0, lengthBytes: 1 });
    expect((await failureOf(reading)).code).toBe("FORMAT_TOO_NEW");
  });

  it("by a tree that is too deep is CHUNK_CORRUPT, one of the greatest depth is read", async () => {
    const shelf = new Shelf();
    let reference: Reference = { kind: "zeros", lengthBytes: 5 };
    for (let depth = 1; depth <= 13; depth += 1) {
      reference = { kind: "node", id: putNode(shelf, [reference]), skipBytes: 0, lengthBytes: 5 };
      if (depth === 12) expect(await shelf.read(reference)).toEqual(new Uint8Array(5));
    }
    expect((await failureOf(shelf.read(reference))).code).toBe("CHUNK_CORRUPT");
  });

  it("while pieces are fetched ahead reaches the reader as it was, and nothing is left unhandled", async () => {
    const whole = new Shelf();
    const { root } = shelve(whole, pieces);
    let calls = 0;
    const fetch: FetchPieces = async (wanted) => {
      calls += 1;
      if (calls === 3) throw new EfsError("IO", "the disk is gone");
      return whole.fetch(wanted);
    };
    const reading = (async () => {
      for await (const part of readContent(fetch, root)) expect(part.length).toBeGreaterThan(0);
    })();
    expect((await failureOf(reading)).code).toBe("IO");
  });

  it("is found in single pieces as well", async () => {
    const shelf = new Shelf();
    const plain = random.bytes(100);
    const id = contentId(plain);
    const stored: StoredChunk = { codec: 0, keyId: 0, plainBytes: 100, bytes: plain };
    expect(verifiedPiece({ kind: "small", id }, stored)).toBe(plain);
    for (const [piece, bad] of [
      ["chunk", undefined],
      ["chunk", { ...stored, bytes: random.bytes(100) }],
      ["node", stored],
      ["node", { ...stored, plainBytes: 65_537 }],
    ] as const) {
      expect(() => verifiedPiece({ kind: piece, id }, bad)).toThrow(EfsError);
    }
    const references: readonly Reference[] = [{ kind: "zeros", lengthBytes: 7 }];
    expect(await readTreeNode(shelf.fetch, putNode(shelf, references))).toEqual(references);
    expect((await failureOf(readTreeNode(shelf.fetch, id))).code).toBe("CHUNK_MISSING");
  });
});

async function readUntilFailure(
  shelf: Shelf,
  root: ContentRoot,
): Promise<{ failure: EfsError; read: Uint8Array }> {
  const parts: Uint8Array[] = [];
  const failure = await failureOf(
    (async () => {
      for await (const part of readContent(shelf.fetch, root)) parts.push(part);
    })(),
  );
  return { failure, read: concat(parts) };
}
