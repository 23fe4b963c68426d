/** CORS and lifecycle documents: what is kept and shown is what was put, whatever it was; what is no document is refused and never kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { CorsRule } from "../../../src/gateway/s3/bucket-config.ts";
import { corsContent, corsRulesOf } from "../../../src/gateway/s3/cors-document.ts";
import { S3Error } from "../../../src/gateway/s3/errors.ts";
import { lifecycleContent, lifecycleRulesOf } from "../../../src/gateway/s3/lifecycle-document.ts";
import { parseXml, type XmlChildren, xmlDocument } from "../../../src/gateway/s3/wire/xml.ts";
import type { LifecycleRule } from "../../../src/model/lifecycle.ts";

const read = (root: string, content: XmlChildren) => parseXml(utf8(xmlDocument(root, content)), root);
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const word = fc.stringMatching(/^[a-z0-9&<>"'.:/-]{1,12}$/);
const wild = fc.tuple(word, fc.boolean()).map(([text, isWild]) => (isWild ? `${text}*` : text));
const corsRules: fc.Arbitrary<CorsRule> = fc.record({
  id: fc.option(word, { nil: undefined }),
  allowedOrigins: fc.array(wild, { minLength: 1, maxLength: 3 }),
  allowedMethods: fc.subarray(["GET", "PUT", "HEAD", "POST", "DELETE"], { minLength: 1 }),
  allowedHeaders: fc.array(wild, { maxLength: 3 }),
  exposeHeaders: fc.array(fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/), { maxLength: 3 }),
  maxAgeSeconds: fc.option(fc.nat(100_000), { nil: undefined }),
});

const days = fc.integer({ min: 1, max: 100_000 });
const prefix = fc.string({ unit: "grapheme-ascii", maxLength: 20 }).map((text) => text.trim());
const tags = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z ]{0,8}$/), {
  minKeys: 1,
  maxKeys: 4,
  noNullPrototype: true,
});
const scope: fc.Arbitrary<Pick<LifecycleRule, "form" | "filter">> = fc.oneof(
  prefix.map((text) => ({ form: "prefix" as const, filter: { prefix: text } })),
  prefix.map((text) => ({ form: "filter" as const, filter: { prefix: text } })),
  fc.constant({ form: "filter" as const, filter: {} }),
  fc.nat().map((size) => ({ form: "filter" as const, filter: { sizeBytesAbove: size } })),
  fc.tuple(prefix, tags, fc.nat(1000)).map(([text, given, size]) => ({
    form: "and" as const,
    filter: { prefix: text, tags: given, sizeBytesAbove: size, sizeBytesBelow: size + 1 },
  })),
);
const lifecycleRules: fc.Arbitrary<LifecycleRule> = fc
  .record({
    id: word,
    isEnabled: fc.boolean(),
    scope,
    expiration: fc.oneof(
      days.map((count) => ({ days: count })),
      fc.integer({ min: 10, max: 28 }).map((day) => ({ date: `2031-02-${day}T00:00:00.000Z` })),
    ),
    noncurrent: fc.option(
      fc.record({ days, newerKept: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }) }),
      { nil: undefined },
    ),
  })
  .map(({ scope: { form, filter }, ...rule }) => ({ ...rule, form, filter }));

describe("documents of a bucket's configuration", () => {
  it("of CORS read back as the rules that they were made of", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(corsRules, { minLength: 1, maxLength: 5 }), async (rules) => {
        const found = corsRulesOf(await read("CORSConfiguration", corsContent(throughJson(rules))));
        expect(throughJson(found)).toEqual(throughJson(rules));
      }),
      { seed: 31, numRuns: 150 },
    );
  });

  it("of lifecycles read back as the rules that they were made of", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(lifecycleRules, { minLength: 1, maxLength: 5, selector: (rule) => rule.id }),
        async (rules) => {
          const found = lifecycleRulesOf(
            await read("LifecycleConfiguration", lifecycleContent(throughJson(rules))),
          );
          expect(throughJson(found)).toEqual(throughJson(rules));
        },
      ),
      { seed: 32, numRuns: 150 },
    );
  });

  it("made of elements at random are refused by an S3Error or understood whole", async () => {
    const names = [
      "Rule",
      "CORSRule",
      "ID",
      "Status",
      "Filter",
      "And",
      "Tag",
      "Key",
      "Value",
      "Prefix",
      "Expiration",
      "Days",
      "Date",
      "AllowedOrigin",
      "AllowedMethod",
      "MaxAgeSeconds",
      "NoncurrentVersionExpiration",
      "NoncurrentDays",
    ];
    const texts = ["", "Enabled", "1", "-1", "GET", "*", "2030-01-01", "true", "&#0;", " "];
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom(...texts),
        fc
          .array(fc.tuple(fc.constantFrom(...names), tie("tree")), { maxLength: 4 })
          .map((children) => children.map(([name, inner]) => `<${name}>${inner}</${name}>`).join("")),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (inner) => {
        for (const [root, parse] of [
          ["CORSConfiguration", corsRulesOf],
          ["LifecycleConfiguration", lifecycleRulesOf],
        ] as const) {
          try {
            parse(await parseXml(utf8(`<${root}>${inner}</${root}>`), root));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(S3Error);
          }
        }
      }),
      { seed: 33, numRuns: 1000 },
    );
  });
});
