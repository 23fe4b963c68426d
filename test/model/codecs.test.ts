/**
 * All codecs of the model by one list: golden bytes, round trips, truncation, flipped bits, later formats, noise. Each value has
 * one encoding, so bytes that decode are the bytes that encoding gives.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { decodeAnnotations, encodeAnnotations } from "../../src/model/annotation-record.ts";
import { decodeNode, encodeNode } from "../../src/model/chunk-manifest.ts";
import { decodeExpunge, encodeExpunge } from "../../src/model/expunge-record.ts";
import { decodeLogEntry, encodeLogEntry } from "../../src/model/log-entry.ts";
import {
  decodeBucketRecord,
  decodeContainerRecord,
  encodeBucketRecord,
  encodeContainerRecord,
} from "../../src/model/namespace-record.ts";
import { decodeRoot, encodeRoot } from "../../src/model/reference-codec.ts";
import { decodeService, encodeService } from "../../src/model/service-record.ts";
import { decodeAccessKey, decodeUser, encodeAccessKey, encodeUser } from "../../src/model/user-record.ts";
import { decodeVersion, encodeVersion } from "../../src/model/version-manifest.ts";
import * as generated from "./arbitrary.ts";
import * as samples from "./samples.ts";

interface Codec<T> {
  readonly name: string;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
  readonly values: fc.Arbitrary<T>;
  /** Golden file, without its ending, to the value that it is of. */
  readonly golden: Readonly<Record<string, T>>;
  /** A root has no format of its own: it stands inside records that have one. */
  readonly hasFormat: boolean;
}

const codec = <T>(of: Codec<T>): Codec<unknown> => of as unknown as Codec<unknown>;

const CODECS: ReadonlyArray<Codec<unknown>> = [
  codec({
    name: "version manifest",
    encode: encodeVersion,
    decode: decodeVersion,
    values: generated.versions,
    golden: {
      "version-first": samples.firstVersion,
      "version-full": samples.fullVersion,
      "version-deleted": samples.deletedVersion,
    },
    hasFormat: true,
  }),
  codec({
    name: "expunge record",
    encode: encodeExpunge,
    decode: decodeExpunge,
    values: generated.expunges,
    golden: { expunge: samples.expunge },
    hasFormat: true,
  }),
  codec({
    name: "log entry",
    encode: encodeLogEntry,
    decode: decodeLogEntry,
    values: generated.logEntries,
    golden: {
      "log-entry": samples.logEntry,
      "log-entry-annotation": samples.annotationEntry,
      "log-entry-expunge": samples.expungeEntry,
    },
    hasFormat: true,
  }),
  codec({
    name: "record of annotations",
    encode: encodeAnnotations,
    decode: decodeAnnotations,
    values: generated.annotationRecords,
    golden: { annotations: samples.annotations },
    hasFormat: true,
  }),
  codec({
    name: "node",
    encode: encodeNode,
    decode: decodeNode,
    values: generated.nodes,
    golden: { node: samples.node },
    hasFormat: true,
  }),
  codec({
    name: "root",
    encode: encodeRoot,
    decode: decodeRoot,
    values: generated.roots,
    golden: { root: samples.root },
    hasFormat: false,
  }),
  codec({
    name: "bucket record",
    encode: encodeBucketRecord,
    decode: decodeBucketRecord,
    values: generated.bucketRecords,
    golden: { bucket: samples.bucketRecord },
    hasFormat: true,
  }),
  codec({
    name: "container record",
    encode: encodeContainerRecord,
    decode: decodeContainerRecord,
    values: generated.containerRecords,
    golden: { container: samples.containerRecord },
    hasFormat: true,
  }),
  codec({
    name: "service record",
    encode: encodeService,
    decode: decodeService,
    values: generated.serviceRecords,
    golden: { service: samples.serviceRecord },
    hasFormat: true,
  }),
  codec({
    name: "user record",
    encode: encodeUser,
    decode: decodeUser,
    values: generated.userRecords,
    golden: { user: samples.userRecord },
    hasFormat: true,
  }),
  codec({
    name: "record of an access key",
    encode: encodeAccessKey,
    decode: decodeAccessKey,
    values: generated.accessKeyRecords,
    golden: { "access-key": samples.accessKeyRecord },
    hasFormat: true,
  }),
];

describe.each(CODECS)("the bytes of a $name", ({ encode, decode, values, golden, hasFormat }) => {
  it.each(Object.entries(golden))("are the golden ones of %s, and read back as the value", (file, value) => {
    const bytes = goldenBytes(file);
    expect(toHex(encode(value))).toBe(toHex(bytes));
    expect(decode(bytes)).toEqual(value);
  });

  it("read back as what was written", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
      { seed: 20, numRuns: 150 },
    );
  });

  it("are refused as corrupt when cut short at any length or when something follows", () => {
    for (const value of Object.values(golden)) {
      const bytes = encode(value);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(failureOf(() => decode(bytes.subarray(0, length))).kind).toBe("corrupt");
      }
      expect(failureOf(() => decode(concat([bytes, new Uint8Array(1)]))).code).toBe("RECORD_CORRUPT");
    }
  });

  it("with one bit flipped are refused, or are another value's only bytes", () => {
    for (const value of Object.values(golden)) {
      const bytes = encode(value);
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const other = decodedOrRefused(decode, flipped);
        if (other !== undefined) expect(toHex(encode(other.value))).toBe(toHex(flipped));
      }
    }
  });

  it("of a later format are FORMAT_TOO_NEW, of format 0 corrupt", () => {
    if (!hasFormat) return expect(Object.keys(golden)).toEqual(["root"]);
    for (const value of Object.values(golden)) {
      const bytes = encode(value);
      for (const [format, code] of [
        [0, "RECORD_CORRUPT"],
        [(bytes[0] ?? 0) + 1, "FORMAT_TOO_NEW"],
        [255, "FORMAT_TOO_NEW"],
      ] as const) {
        const other = bytes.slice();
        other[0] = format;
        expect(failureOf(() => decode(other)).code).toBe(code);
      }
    }
  });

  it("that are noise are refused or are a value's only bytes, and never harm", () => {
    const [example] = Object.values(golden);
    const whole = encode(example);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (noise, place) => {
        // Noise alone dies at the format byte; noise behind a good beginning goes deeper.
        for (const bytes of [noise, concat([whole.subarray(0, place % whole.length), noise])]) {
          const read = decodedOrRefused(decode, bytes);
          if (read !== undefined) expect(toHex(encode(read.value))).toBe(toHex(bytes));
        }
      }),
      { seed: 21, numRuns: 2000 },
    );
  });
});

function decodedOrRefused<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): { value: T } | undefined {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    if (error instanceof EfsError && (error.kind === "corrupt" || error.code === "FORMAT_TOO_NEW"))
      return undefined;
    throw error;
  }
}

function failureOf(act: () => unknown): EfsError {
  try {
    act();
  } catch (error) {
    if (error instanceof EfsError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

function goldenBytes(file: string): Uint8Array {
  const text = readFileSync(path.resolve(import.meta.dirname, `../golden/model/${file}.hex`), "utf8");
  const bytes = fromHex(text.replace(/#.*$/gm, "").replace(/\s/g, ""));
  if (bytes === undefined) throw new Error(`${file}.hex is not hexadecimal`);
  return bytes;
}
