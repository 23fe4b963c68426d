/** The tree: the same for the same references, renewed along one path by an edit, never a node before what is under it. */
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import type { ChunkPut } from "../../../src/engine/chunk-store.ts";
import { decodeNode } from "../../../src/model/chunk-manifest.ts";
import { nodeId } from "../../../src/model/hash.ts";
import { contentIdOf } from "../../../src/model/ids.ts";
import type { ContentRoot, Reference } from "../../../src/model/reference.ts";
import { TreeBuilder } from "../../../src/segment/chunk/tree-builder.ts";
import { chunkWhole } from "../../../src/segment/chunk/window.ts";
import { below, Shelf, shelve } from "./content.ts";

interface Built {
  readonly root: ContentRoot;
  readonly nodes: readonly ChunkPut[];
}

function build(references: readonly Reference[]): Built {
  const builder = new TreeBuilder();
  const nodes: ChunkPut[] = [];
  for (const reference of references) nodes.push(...builder.add(reference));
  const done = builder.finish();
  return { root: done.root, nodes: [...nodes, ...done.nodes] };
}

const someReference = (random: Random): Reference =>
  below(random, 20) === 0
    ? { kind: "zeros", lengthBytes: 16_384 + below(random, 100_000) }
    : {
        kind: "chunk",
        id: contentIdOf(random.bytes(32)),
        skipBytes: 0,
        lengthBytes: 1 + below(random, 200_000),
      };

const keysOf = (built: Built) => new Set(built.nodes.map((node) => toHex(node.key)));

describe("the tree of references", () => {
  it("is nothing for nothing, and a lone reference is its own root", () => {
    expect(build([])).toEqual({ root: { kind: "none" }, nodes: [] });
    const lone = someReference(seededRandom(3));
    expect(build([lone])).toEqual({ root: lone, nodes: [] });
    expect(build([{ kind: "zeros", lengthBytes: 2 ** 44 }]).root).toEqual({
      kind: "zeros",
      lengthBytes: 2 ** 44,
    });
  });

  it("has nodes of about 64 references, at most 256, each named by its bytes and given after what is under it", () => {
    const random = seededRandom(1);
    const built = build(Array.from({ length: 15_000 }, () => someReference(random)));
    const seen = new Set<string>();
    for (const node of built.nodes) {
      const references = decodeNode(node.bytes);
      expect(references.length).toBeLessThanOrEqual(256);
      expect(node.key).toEqual(nodeId(node.bytes));
      expect(node.plainBytes).toBe(node.bytes.length);
      for (const child of references) if (child.kind === "node") expect(seen.has(toHex(child.id))).toBe(true);
      seen.add(toHex(node.key));
    }
    expect(15_000 / built.nodes.length).toBeGreaterThan(45);
    expect(15_000 / built.nodes.length).toBeLessThan(90);
  });

  it("is the same for the same references, and these places for ever", () => {
    const random = seededRandom(2);
    const references = Array.from({ length: 1000 }, () => someReference(random));
    const { root, nodes } = build(references);
    expect(build(references).root).toEqual(root);
    expect(nodes.map((node) => decodeNode(node.bytes).length)).toEqual([
      63, 80, 104, 161, 152, 53, 125, 95, 148, 19, 10,
    ]);
  });

  it("keeps all nodes but a path's worth after an edit anywhere", () => {
    const random = seededRandom(4);
    let references = Array.from({ length: 10_000 }, () => someReference(random));
    let before = keysOf(build(references));
    let newNodes = 0;
    const edits = 50;
    for (let edit = 0; edit < edits; edit += 1) {
      const place = below(random, references.length);
      const removed = below(random, 3);
      const added = Array.from({ length: below(random, 3) }, () => someReference(random));
      references = [...references.slice(0, place), ...added, ...references.slice(place + removed)];
      const after = keysOf(build(references));
      const fresh = [...after].filter((key) => !before.has(key)).length;
      // Three levels of nodes, at most three new ones in each.
      expect(fresh).toBeLessThanOrEqual(9);
      newNodes += fresh;
      before = after;
    }
    expect(newNodes / edits).toBeLessThan(4.5);
  });

  it("narrows even when every reference is the same", () => {
    // One whose last bits end a node, and one whose do not.
    for (const last of [0, 1]) {
      const id = contentIdOf(new Uint8Array(32).fill(7).fill(last, 31));
      const same: Reference = { kind: "chunk", id, skipBytes: 0, lengthBytes: 1000 };
      const built = build(Array.from({ length: 50_000 }, () => same));
      expect(built.root).toMatchObject({ kind: "node", lengthBytes: 50_000_000 });
      expect(keysOf(built).size).toBeLessThan(60);
    }
  });

  it("refuses more than an object may have", () => {
    const builder = new TreeBuilder();
    builder.add({ kind: "zeros", lengthBytes: 2 ** 44 });
    try {
      builder.add({ kind: "zeros", lengthBytes: 1 });
      expect.unreachable();
    } catch (error) {
      expect(error instanceof EfsError && error.code).toBe("TOO_LARGE");
    }
  });
});

describe("one byte put at the front of 100 MB", () => {
  it("makes at most 3 new chunks and at most 3 new nodes a level", () => {
    const bytes = seededRandom(9).bytes(100_000_000);
    const shelf = new Shelf();
    const before = shelve(shelf, chunkWhole(bytes, { kind: "content" }));
    expect(before.newChunks).toBeGreaterThan(1000);
    const after = shelve(shelf, chunkWhole(concat([Uint8Array.of(1), bytes]), { kind: "content" }));
    expect(after.newChunks).toBeGreaterThanOrEqual(1);
    expect(after.newChunks).toBeLessThanOrEqual(3);
    expect(after.newNodes.length).toBeGreaterThanOrEqual(2);
    for (const count of after.newNodes) expect(count).toBeLessThanOrEqual(3);
  });
});
