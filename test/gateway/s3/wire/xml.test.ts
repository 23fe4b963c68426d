import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeXml, parseXml, XML_BYTES_MAX, xmlDocument } from "../../../../src/gateway/s3/wire/xml.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, root = "a") => parseXml(bytes(text), root);

describe("documents that are answered", () => {
  it("hold children in order, repeat arrays, leave undefined out and carry S3's namespace", () => {
    const text = xmlDocument("List", {
      Name: "a&b",
      Count: 2,
      IsTruncated: false,
      Nothing: undefined,
      Item: [{ Key: "x" }, { Key: "y" }],
      Empty: "",
    });
    expect(text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<List xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>a&amp;b</Name>' +
        "<Count>2</Count><IsTruncated>false</IsTruncated><Item><Key>x</Key></Item><Item><Key>y</Key></Item><Empty></Empty></List>",
    );
  });

  it("have attributes, text beside them, and no namespace where none is wanted", () => {
    expect(xmlDocument("E", { "@v": '"<', "#text": "t>" }, { namespace: null })).toContain(
      '<E v="&quot;&lt;">t&gt;</E>',
    );
    expect(xmlDocument("E", {}, { namespace: null })).toContain("<E/>");
  });

  it("write control characters as references and halves of surrogates as U+FFFD", () => {
    expect(escapeXml("a\u0001\r\n\t\ud83d\ude00\ud800")).toBe("a&#x1;&#xD;\n\t\ud83d\ude00\ufffd");
  });
});

describe("request bodies", () => {
  it("are read with prefixes, CDATA, comments, references and declaration", async () => {
    const root = await parse(
      '<?xml version="1.0"?>\n<!-- c --><s:a xmlns:s="q"><s:k>x&amp;&#13;&#x41; <![CDATA[&amp;<]]></s:k>\n<n/><g xsi:type="U" xmlns:xsi="i"/></s:a>\n',
    );
    expect(root.requiredText("k")).toBe("x&\rA &amp;<");
    expect(root.textOf("n")).toBe("");
    expect(root.textOf("none")).toBeUndefined();
    expect(root.required("g").type).toBe("U");
    expect(root.allow("k", "n", "g").children.length).toBe(3);
  });

  it("tell what is missing, double or not expected", async () => {
    const root = await parse("<a><k>1</k><k>2</k>text<b><c/></b></a>");
    expect(() => root.one("k")).toThrow(/one k/);
    expect(() => root.required("x")).toThrow(/hold x/);
    expect(() => root.allow("k")).toThrow(/must not hold b/);
    expect(() => root.allow("k", "b")).toThrow(/text/);
    expect(() => root.requiredText("b")).toThrow(/text/);
    expect(root.many("k").map((child) => child.text)).toEqual(["1", "2"]);
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["an open tag", "<a><b></a>"],
    ["two roots", "<a/><a/>"],
    ["another root", "<b/>"],
    ["text behind", "<a/>x"],
    ["a DTD", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ["an outer entity", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ["an unknown entity", "<a>&nbsp;</a>"],
    ["a bare ampersand", "<a>x & y</a>"],
    ["a reference to NUL", "<a>&#0;</a>"],
    ["a reference beyond Unicode", "<a>&#x110000;</a>"],
    ["too much depth", "<a>".repeat(40) + "</a>".repeat(40)],
    ["a repeated attribute", '<a b="1" b="2"/>'],
    ["a name that is dangerous", "<a><__proto__/></a>"],
  ])("that are %s are MalformedXML", async (_what, text) => {
    await expect(parse(text)).rejects.toMatchObject({ code: "MalformedXML" });
  });

  it("that are not UTF-8 or too long are MalformedXML", async () => {
    await expect(parseXml(Uint8Array.of(60, 97, 62, 0xff, 60, 47, 97, 62), "a")).rejects.toMatchObject({
      code: "MalformedXML",
    });
    await expect(parseXml(new Uint8Array(XML_BYTES_MAX + 1), "a")).rejects.toMatchObject({
      code: "MalformedXML",
    });
  });

  it("give any text back that was answered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 40 }), async (text) => {
        const root = await parse(xmlDocument("a", { k: text }));
        const clean = text.replaceAll("\u0000", "");
        if (clean === text && !/[\ufffe\uffff]/.test(text)) expect(root.requiredText("k")).toBe(text);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("of any bytes are read or MalformedXML", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(..."<>/a&;![CDATA]-?x=\"' #"), maxLength: 60 }),
        async (text) => {
          await parse(text).catch((thrown) => expect(thrown.code).toBe("MalformedXML"));
        },
      ),
      { seed: 4, numRuns: 2000 },
    );
  });
});
