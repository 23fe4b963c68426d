/** Ids: the published vectors of BLAKE3, and the wall between chunks and nodes. */
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import { encodeNode } from "../../src/model/chunk-manifest.ts";
import { contentHasher, contentId, NODE_CONTEXT, nodeId } from "../../src/model/hash.ts";
import { node } from "./samples.ts";

/** The input of BLAKE3's test vectors: 0, 1, … 250, 0, 1, … */
const vectorInput = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

describe("content ids", () => {
  it.each([
    [0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"],
    [1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"],
    [1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"],
    [102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"],
  ])("are BLAKE3-256 by its published vector of %i bytes", (length, expected) => {
    expect(toHex(contentId(vectorInput(length)))).toBe(expected);
  });

  it("are the same when the bytes come piece by piece", () => {
    const input = vectorInput(102400);
    const hasher = contentHasher();
    for (let offset = 0; offset < input.length; offset += 777)
      hasher.update(input.subarray(offset, offset + 777));
    expect(hasher.id()).toEqual(contentId(input));
  });

  it("own their memory", () => {
    const id = contentId(vectorInput(1));
    expect(id.buffer.byteLength).toBe(32);
    expect(id.constructor).toBe(Uint8Array);
  });
});

describe("node ids", () => {
  it("are BLAKE3 in derive-key mode under their own context", () => {
    const bytes = encodeNode(node);
    expect(toHex(nodeId(bytes))).toBe(toHex(Blake3Hasher.deriveKey(NODE_CONTEXT, bytes)));
    // Pinned: another context would orphan every node that was ever stored.
    expect(toHex(nodeId(new Uint8Array(0)))).toBe(
      "55e0b2f287f192a8f0a7b4b07a1d994521d54df88e3d3fa9c73434ffea764703",
    );
  });

  it("differ from the content id of the same bytes, and do not depend on what was hashed before", () => {
    const bytes = encodeNode(node);
    const first = nodeId(bytes);
    nodeId(vectorInput(100_000));
    expect(nodeId(bytes)).toEqual(first);
    expect(contentId(bytes)).not.toEqual(first);
  });
});
