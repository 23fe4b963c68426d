/** The small parts that requests are read by: what goes out comes back, and nonsense neither passes nor breaks anything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWellFormed } from "../../../src/base/unicode.ts";
import { parseIsoDate } from "../../../src/gateway/s3/annotation-headers.ts";
import { copySourceOf } from "../../../src/gateway/s3/copy-source.ts";
import { S3Error } from "../../../src/gateway/s3/errors.ts";
import { parseEtagList } from "../../../src/gateway/s3/etag.ts";
import { formatHttpDate, parseHttpDate } from "../../../src/gateway/s3/http-date.ts";
import { parseToken, tokenOf, urlEncoded } from "../../../src/gateway/s3/listing.ts";
import {
  decodeHeaderText,
  encodeHeaderText,
  metadataOf,
  setMetadata,
} from "../../../src/gateway/s3/metadata-headers.ts";
import { parseRange, rangeWithin } from "../../../src/gateway/s3/range.ts";
import { parseTaggingHeader, tagSetOf } from "../../../src/gateway/s3/tag-set.ts";
import { opaqueVersionId, readVersionId } from "../../../src/gateway/s3/version-id.ts";
import { uvidOf } from "../../../src/model/uvid.ts";
import { TENANT } from "../../support/s3-action.ts";

const SEED = { seed: 20_261_122, numRuns: 300 };
const anything = fc.string({ unit: "binary", maxLength: 60 });
const wholeText = fc.string({ unit: "grapheme", maxLength: 60 }).filter((value) => isWellFormed(value));

/** Anything that throws throws an S3Error. */
function refusesOrTakes(run: () => unknown): void {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(S3Error);
  }
}

describe("names and tokens", () => {
  it("come back from tokens, and no other text is a token", () => {
    fc.assert(
      fc.property(
        wholeText.filter((value) => value.length > 0),
        (name) => {
          expect(parseToken(tokenOf(name), "continuation-token")).toBe(name);
        },
      ),
      SEED,
    );
    fc.assert(
      fc.property(anything, (token) => {
        expect(() => parseToken(token, "continuation-token")).toThrow(S3Error);
      }),
      SEED,
    );
    const token = tokenOf("abc");
    for (let at = 0; at < token.length - 1; at += 1) {
      const other = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(() => parseToken(other, "continuation-token")).toThrow(S3Error);
    }
  });

  it("come back from encoding-type=url", () => {
    fc.assert(
      fc.property(wholeText, (name) => {
        const encoded = urlEncoded(name);
        expect(decodeURIComponent(encoded)).toBe(name);
        expect(encoded).toMatch(/^[A-Za-z0-9\-_.~*/%]*$/);
      }),
      SEED,
    );
  });

  it("come back from copy sources, however much of them is encoded", () => {
    const context = { tenant: TENANT } as Parameters<typeof copySourceOf>[0];
    const key = wholeText.filter((value) => value.length > 0 && !value.includes("\0"));
    fc.assert(
      fc.property(key, fc.boolean(), (name, isAllEncoded) => {
        const encoded = isAllEncoded ? encodeURIComponent(`bk1/${name}`) : `/bk1/${urlEncoded(name)}`;
        const source = copySourceOf(context, new Map([["x-amz-copy-source", encoded]]));
        expect([source.path.bucket, source.path.object, source.versionId]).toEqual(["bk1", name, undefined]);
      }),
      SEED,
    );
    fc.assert(
      fc.property(anything, (value) =>
        refusesOrTakes(() => copySourceOf(context, new Map([["x-amz-copy-source", value]]))),
      ),
      SEED,
    );
  });
});

describe("version ids", () => {
  it("come back, with the generation", () => {
    const version = fc.record({
      uvid: fc.uint8Array({ minLength: 24, maxLength: 24 }).map(uvidOf),
      generation: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    });
    fc.assert(
      fc.property(version, (given) => {
        const id = opaqueVersionId(given);
        expect(id).toMatch(/^[\w-]{40}$/);
        expect(readVersionId(id)).toEqual(given);
      }),
      SEED,
    );
  });

  it("are null, or 40 characters of base64url", () => {
    expect(readVersionId("null")).toEqual({ uvid: "null" });
    for (const id of ["", "Null", "A".repeat(39), "A".repeat(41), `${"A".repeat(39)}+`]) {
      expect(readVersionId(id)).toBeUndefined();
    }
  });
});

describe("metadata", () => {
  it.each(["a:b", "a b", "\u00e9", "a\nb", ""])(
    "with the name %j is refused: no header can have it",
    (name) => {
      expect(() => metadataOf([[`x-amz-meta-${name}`, "v"]])).toThrow(/metadata header/);
    },
  );

  it("from elsewhere that no header can name is counted as missing", () => {
    const headers: Record<string, string | undefined> = {};
    setMetadata(headers, { "a:b": "1", "\u00e9": "2", plain: "3" });
    expect(headers).toEqual({ "x-amz-meta-plain": "3", "x-amz-missing-meta": "2" });
  });

  it("of any text comes back through a header of printable ASCII", () => {
    fc.assert(
      fc.property(wholeText, (value) => {
        const header = encodeHeaderText(value);
        expect(header).toMatch(/^[\x20-\x7e\t]*$/);
        expect(decodeHeaderText(header)).toBe(value);
        for (const word of header.match(/=\?.*?\?=/g) ?? []) expect(word.length).toBeLessThanOrEqual(75);
      }),
      SEED,
    );
  });

  it("of broken words stays as it is", () => {
    for (const value of ["=?utf-8?B?", "=?utf-8?X?abc?=", "=?koi8-r?B?abc?=", "=?utf-8?B?/w==?="]) {
      expect(decodeHeaderText(value)).toBe(value);
    }
    expect(decodeHeaderText("\xff\xfe")).toBe("\xff\xfe");
  });

  it("may be called as anything", () => {
    const metadata = metadataOf([
      ["x-amz-meta-__proto__", "1"],
      ["x-amz-meta-constructor", "2"],
      ["content-type", "3"],
    ]);
    expect(Object.entries(metadata ?? {})).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });
});

describe("ranges", () => {
  it("of any text are refused, overlooked, or within the object", () => {
    const ask = fc.oneof(
      anything,
      fc.tuple(fc.nat(20), fc.nat(20)).map(([first, last]) => `bytes=${first}-${last}`),
      fc.nat(20).map((count) => `bytes=-${count}`),
    );
    fc.assert(
      fc.property(ask, fc.nat(15), (value, sizeBytes) => {
        refusesOrTakes(() => {
          const asked = parseRange(value);
          if (asked === undefined) return;
          const { startByte, endByte } = rangeWithin(asked, { sizeBytes, digest: undefined });
          expect(startByte).toBeGreaterThanOrEqual(0);
          expect(startByte).toBeLessThan(endByte);
          expect(endByte).toBeLessThanOrEqual(sizeBytes);
        });
      }),
      SEED,
    );
  });
});

describe("tags", () => {
  it("come back from the header", () => {
    const word = fc
      .stringMatching(/^[\p{L}\p{N} +\-=._:/@]{1,20}$/u)
      .filter((value) => !/^aws:/i.test(value));
    fc.assert(
      fc.property(fc.dictionary(word, word, { maxKeys: 10 }), (tags) => {
        const pairs = Object.entries(tags).map((pair) => pair.map(encodeURIComponent).join("="));
        expect(parseTaggingHeader(pairs.join("&"))).toEqual({ ...tags });
      }),
      SEED,
    );
    fc.assert(
      fc.property(anything, (value) => refusesOrTakes(() => parseTaggingHeader(value))),
      SEED,
    );
  });

  it("may be called as anything", () => {
    expect(Object.entries(tagSetOf([["__proto__", "1"]], 10))).toEqual([["__proto__", "1"]]);
  });
});

describe("dates", () => {
  it("of headers come back in whole seconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
        expect(parseHttpDate(formatHttpDate(second * 1000 + 999))).toBe(second * 1000);
      }),
      SEED,
    );
  });

  it("that are none are none", () => {
    for (const value of [
      "",
      "2026-01-01",
      "Thu, 99 Jan 2026 00:00:00 GMT",
      "Thu, 01 Jan 2026 00:00:00 PST",
      "0",
    ]) {
      expect(parseHttpDate(value)).toBeUndefined();
    }
    for (const value of ["", "2026-01-01", "2026-13-01T00:00:00Z", "Thu, 01 Jan 2026 00:00:00 GMT"]) {
      expect(parseIsoDate(value)).toBeUndefined();
    }
    expect(parseIsoDate("2026-01-01T01:00:00+01:00")).toBe(Date.UTC(2026, 0, 1));
  });
});

describe("ETag lists", () => {
  it.each([
    ['"a"', ["a"]],
    ["a", ["a"]],
    ['W/"a"', ["a"]],
    ['"a", "b-2" ,c', ["a", "b-2", "c"]],
    ["*", ["*"]],
    ["", []],
    [",,", []],
  ])("%s is read as %j", (value, etags) => {
    expect(parseEtagList(value)).toEqual(etags);
  });
});
