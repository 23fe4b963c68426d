/** What the codecs refuse although it is well-formed: each limit of limits.ts, each second way to write the same. */
import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { ByteWriter } from "../../src/base/cursor.ts";
import { EfsError } from "../../src/base/errors.ts";
import { decodeNode, encodeNode } from "../../src/model/chunk-manifest.ts";
import { contentId } from "../../src/model/hash.ts";
import { decodeBucketRecord, encodeBucketRecord } from "../../src/model/namespace-record.ts";
import { decodeRoot, encodeRoot } from "../../src/model/reference-codec.ts";
import type { ServiceRecord } from "../../src/model/service.ts";
import { decodeService, encodeService } from "../../src/model/service-record.ts";
import { uvidBytes } from "../../src/model/uvid.ts";
import { decodeVersion, encodeVersion } from "../../src/model/version-manifest.ts";
import { bucketRecord, firstVersion, fullVersion, serviceRecord } from "./samples.ts";

const id = contentId(utf8("aloha"));
const reference = (writer: ByteWriter) => writer.u8(2).varint(1).raw(id);

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof EfsError ? error.code : String(error);
  }
  return "accepted";
}

describe("a node", () => {
  it.each([
    ["no references", () => new ByteWriter().u8(1).varint(0)],
    ["257 references", () => repeated(257)],
    ["a reference to no bytes", () => new ByteWriter().u8(1).varint(1).u8(2).varint(0).raw(id)],
    ["a chunk of more than 1 MiB", () => new ByteWriter().u8(1).varint(1).u8(2).varint(1_048_577).raw(id)],
    [
      "a slice that ends beyond 1 MiB",
      () => new ByteWriter().u8(1).varint(1).u8(3).varint(1_048_576).raw(id).varint(1),
    ],
    ["a skip of 0 written out", () => new ByteWriter().u8(1).varint(1).u8(3).varint(1).raw(id).varint(0)],
    [
      "zeros beyond the size of an object",
      () =>
        new ByteWriter()
          .u8(1)
          .varint(1)
          .u8(6)
          .varint(2 ** 44 + 1),
    ],
    [
      "more bytes than an object may have",
      () =>
        new ByteWriter()
          .u8(1)
          .varint(2)
          .u8(6)
          .varint(2 ** 44)
          .u8(6)
          .varint(1),
    ],
    ["small content", () => new ByteWriter().u8(1).varint(1).u8(1).varint(5).raw(id)],
    ["no content", () => new ByteWriter().u8(1).varint(1).u8(0)],
  ])("with %s is refused", (_, make) => {
    expect(codeOf(() => decodeNode(make().finish()))).toBe("RECORD_CORRUPT");
  });

  it("with 256 references is taken, and one longer than 64 KiB is not even looked at", () => {
    expect(decodeNode(repeated(256).finish())).toHaveLength(256);
    expect(codeOf(() => decodeNode(new Uint8Array(64 * 1024 + 1).fill(1)))).toBe("RECORD_CORRUPT");
    expect(codeOf(() => encodeNode([]))).toContain("AssertionFailure");
  });

  function repeated(count: number): ByteWriter {
    const writer = new ByteWriter().u8(1).varint(count);
    for (let index = 0; index < count; index += 1) reference(writer);
    return writer;
  }
});

describe("a root", () => {
  it("of small content has 1 to 1,024 bytes", () => {
    for (const [lengthBytes, code] of [
      [0, "RECORD_CORRUPT"],
      [1, "accepted"],
      [1024, "accepted"],
      [1025, "RECORD_CORRUPT"],
    ] as const) {
      const bytes = new ByteWriter().u8(1).varint(lengthBytes).raw(id).finish();
      expect(codeOf(() => decodeRoot(bytes))).toBe(code);
    }
  });

  it("is never written with a length that no reader takes", () => {
    for (const lengthBytes of [0, -1, 1.5, Number.NaN, 2 ** 44 + 1]) {
      expect(codeOf(() => encodeRoot({ kind: "zeros", lengthBytes }))).toContain("AssertionFailure");
    }
  });
});

describe("a version manifest", () => {
  const manifest = (flags: number, behind: (writer: ByteWriter) => unknown, object = utf8("a")) => {
    const writer = new ByteWriter().u8(1).u8(flags).varint(1).raw(uvidBytes(firstVersion.uvid)).bytes(object);
    writer.varint(0).u8(0);
    behind(writer);
    return writer.finish();
  };

  it.each([
    ["an empty name", manifest(0, () => undefined, new Uint8Array(0))],
    ["a NUL in its name", manifest(0, () => undefined, Uint8Array.of(97, 0))],
    ["a name that is not UTF-8", manifest(0, () => undefined, Uint8Array.of(0xff))],
    ["a name of 1,025 bytes", manifest(0, () => undefined, new Uint8Array(1025).fill(97))],
    ["unknown flags", manifest(0x20, () => undefined)],
    ["metadata that is empty", manifest(0x04, (writer) => writer.varint(0))],
    [
      "metadata keys out of order",
      manifest(0x04, (writer) => writer.varint(2).text("b").text("").text("a").text("")),
    ],
    [
      "a metadata key twice",
      manifest(0x04, (writer) => writer.varint(2).text("a").text("").text("a").text("")),
    ],
    ["a capital in a metadata key", manifest(0x04, (writer) => writer.varint(1).text("A").text(""))],
    ["an empty metadata key", manifest(0x04, (writer) => writer.varint(1).text("").text(""))],
    ["65 metadata entries", manifest(0x04, (writer) => writer.varint(65))],
    [
      "a metadata value of 2,049 bytes",
      manifest(0x04, (writer) => writer.varint(1).text("a").text("x".repeat(2049))),
    ],
    [
      "more than 8 KiB of metadata",
      manifest(0x04, (writer) => {
        writer.varint(5);
        for (const key of ["a", "b", "c", "d", "e"]) writer.text(key).text("x".repeat(1700));
      }),
    ],
    ["a content type of 256 bytes", manifest(0x02, (writer) => writer.text("x".repeat(256)))],
    ["an empty list of known segments", manifest(0x18, (writer) => writer.varint(0))],
    [
      "its own segment in a list of one",
      manifest(0x18, (writer) => writer.varint(1).raw(uvidBytes(firstVersion.uvid))),
    ],
    [
      "known segments out of order",
      manifest(0x18, (writer) => {
        writer.varint(2);
        for (const known of [...fullVersion.known].reverse()) writer.raw(uvidBytes(known.uvid));
      }),
    ],
    ["65 known segments", manifest(0x18, (writer) => writer.varint(65))],
    [
      "its own writer written out",
      manifest(0x10, (writer) =>
        writer.raw(new Uint8Array(8)).raw(uvidBytes(firstVersion.uvid).subarray(16)),
      ),
    ],
  ])("with %s is refused", (_, bytes) => {
    expect(codeOf(() => decodeVersion(bytes))).toBe("RECORD_CORRUPT");
  });

  it("keeps metadata by any key that is allowed, dangerous-looking ones too", () => {
    const metadata = Object.fromEntries([
      ["__proto__", "x"],
      ["10", "b"],
      ["9", "a"],
      ["constructor", "y"],
    ]);
    const decoded = decodeVersion(encodeVersion({ ...firstVersion, metadata }));
    expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(metadata).sort());
    expect(Object.getPrototypeOf(decoded.metadata)).toBe(Object.prototype);
  });

  it("is the same bytes whatever the order of metadata and of known segments", () => {
    const { metadata, known } = fullVersion;
    const turned = {
      ...fullVersion,
      metadata: Object.fromEntries(Object.entries(metadata).reverse()),
      known: [...known].reverse(),
    };
    expect(encodeVersion(turned)).toEqual(encodeVersion(fullVersion));
  });

  it("that lies about its size, or is deleted and has content, is a bug of the writer", () => {
    expect(codeOf(() => encodeVersion({ ...firstVersion, sizeBytes: 1 }))).toContain("AssertionFailure");
    expect(codeOf(() => encodeVersion({ ...firstVersion, isDeleted: true }))).toContain("AssertionFailure");
    const deleted = concat([encodeVersion(firstVersion)]);
    deleted[1] = 1;
    expect(codeOf(() => decodeVersion(deleted))).toBe("RECORD_CORRUPT");
  });

  it("longer than 32 KiB is refused both ways, as is text that would not come back", () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`k${index}`, "x".repeat(2000)]),
    );
    expect(codeOf(() => encodeVersion({ ...firstVersion, metadata }))).toBe("LIMIT");
    expect(codeOf(() => encodeVersion({ ...firstVersion, metadata: { a: "x".repeat(2049) } }))).toBe("LIMIT");
    expect(codeOf(() => encodeVersion({ ...firstVersion, metadata: { a: "\ud800" } }))).toBe("BAD_VALUE");
    expect(codeOf(() => encodeVersion({ ...firstVersion, metadata: { A: "" } }))).toBe("LIMIT");
    expect(codeOf(() => encodeVersion({ ...firstVersion, contentType: "x".repeat(256) }))).toBe("LIMIT");
    expect(codeOf(() => decodeVersion(new Uint8Array(32 * 1024 + 1).fill(1)))).toBe("RECORD_CORRUPT");
  });
});

describe("other records", () => {
  it("of a bucket refuse chunk sizes and version counts out of bounds", () => {
    const bytes = encodeBucketRecord({ ...bucketRecord, createdMs: 0 });
    // Offset 10 is the chunking, 11 the versions kept, as createdMs takes one byte here.
    for (const [offset, value] of [
      [10, 12],
      [10, 21],
      [10, 255],
      [11, 0],
    ] as const) {
      const other = bytes.slice();
      other[offset] = value;
      expect(codeOf(() => decodeBucketRecord(other))).toBe("RECORD_CORRUPT");
    }
  });

  it("of a service are never written with more than their reader takes", () => {
    const long = "x".repeat(3000);
    for (const over of [
      { served: [long] },
      { served: Array.from({ length: 1001 }, () => "a/b") },
      { settings: [[long, "1"]] },
      { settings: [["X-A", long]] },
      { settings: Array.from({ length: 129 }, (_, index) => [`X-${index}`, "1"]) },
    ] as ReadonlyArray<Partial<ServiceRecord>>) {
      expect(codeOf(() => encodeService({ ...serviceRecord, ...over }))).toBe("LIMIT");
    }
  });

  it("of a service refuse a setting that stands twice, a bad name and an unknown type", () => {
    const twice = encodeService({
      ...serviceRecord,
      settings: [
        ["X-A", "1"],
        ["X-A", "2"],
      ],
    });
    expect(codeOf(() => decodeService(twice))).toBe("RECORD_CORRUPT");
    const type = encodeService(serviceRecord);
    type[2] = 9;
    expect(codeOf(() => decodeService(type))).toBe("RECORD_CORRUPT");
    const name = encodeService(serviceRecord);
    name[4] = 0x2f;
    expect(codeOf(() => decodeService(name))).toBe("RECORD_CORRUPT");
  });
});
