import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { S3Error } from "../../../src/gateway/s3/errors.ts";
import { type ListedPart, parsePartList } from "../../../src/gateway/s3/part-list.ts";
import { parseXml } from "../../../src/gateway/s3/wire/xml.ts";

const NAMES = ["PartNumber", "ETag", "ChecksumCRC32"];

const facts = (parts: readonly ListedPart[]) => parts.map((part) => NAMES.map((name) => part.textOf(name)));

async function outcome(read: () => Promise<readonly ListedPart[]>): Promise<unknown> {
  try {
    return facts(await read());
  } catch (thrown) {
    if (!(thrown instanceof S3Error)) throw thrown;
    return thrown.code;
  }
}

/** As it is read with and without the short way. */
async function bothWays(text: string): Promise<{ readonly short: unknown; readonly general: unknown }> {
  const bytes = utf8(text);
  return {
    short: await outcome(() => parsePartList(bytes)),
    general: await outcome(async () => (await parseXml(bytes, "CompleteMultipartUpload")).many("Part")),
  };
}

const root = (content: string) => `<CompleteMultipartUpload>${content}</CompleteMultipartUpload>`;

describe("a list of parts", () => {
  it.each([
    [
      "as the SDKs write it",
      `<?xml version="1.0" encoding="UTF-8"?>\n${root('<Part><ETag>"a"</ETag><PartNumber>1</PartNumber></Part>')}`,
    ],
    ["with quotes as references", root("<Part><ETag>&quot;a&quot;</ETag><PartNumber>1</PartNumber></Part>")],
    ["with spaces and lines", root("\n  <Part>\n <PartNumber> 1 </PartNumber>\n<ETag>a</ETag></Part>\n")],
    ["with another reference", root("<Part><ETag>a&amp;b&#x41;</ETag></Part>")],
    ["with CDATA and comments", root("<!-- c --><Part><ETag><![CDATA[a<b]]></ETag></Part>")],
    [
      "with prefixes",
      '<s:CompleteMultipartUpload xmlns:s="x"><s:Part><s:ETag>a</s:ETag></s:Part></s:CompleteMultipartUpload>',
    ],
    ["with nothing", root("")],
    ["with an empty element", root("<Part><ETag/><PartNumber></PartNumber></Part>")],
    ["with text between", root("<Part>x</Part>y")],
    ["that ends early", "<CompleteMultipartUpload><Part><ETag>a</ETag></Part>"],
    ["with more behind", `${root("")}<a/>`],
    ["with a bad reference", root("<Part><ETag>&x;</ETag></Part>")],
    ["with tags that do not pair", root("<Part><ETag>a</PartNumber></Part>")],
  ])("%s is read as the general parser reads it", async (_, text) => {
    const { short, general } = await bothWays(text);
    expect(short).toEqual(general);
  });

  it("is never taken for more than the general parser takes", async () => {
    const token = fc.constantFrom(
      "<Part>",
      "</Part>",
      "<ETag>",
      "</ETag>",
      "<PartNumber>",
      "</PartNumber>",
      "1",
      '"a"',
      "&quot;",
      "&amp;",
      " ",
      "<!--",
      "-->",
      "<a/>",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 12 }), async (tokens) => {
        const { short, general } = await bothWays(root(tokens.join("")));
        expect(short).toEqual(general);
      }),
      { seed: 3, numRuns: 1500 },
    );
  });

  it("given twice has no one ETag", async () => {
    const [part] = await parsePartList(utf8(root("<Part><ETag>a</ETag><ETag>b</ETag></Part>")));
    expect(() => part?.textOf("ETag")).toThrow(S3Error);
  });
});
