/** Bodies: aws-chunked taken off under any split, lengths, hashes, checksums and digests checked, and nothing kept that does not fit. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32, crc32c } from "../../../../src/base/crc.ts";
import { Crc64Nvme } from "../../../../src/base/crc64.ts";
import { seededRandom } from "../../../../src/base/random.ts";
import { AwsChunkedDecoder } from "../../../../src/gateway/s3/auth/aws-chunked.ts";
import { requestBody, WHOLE_BYTES_MAX } from "../../../../src/gateway/s3/auth/body.ts";
import type { Payload } from "../../../../src/gateway/s3/auth/payload.ts";
import { type Framing, framed, from, gathered, signer, splitAt } from "./signing.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const md5 = (bytes: Uint8Array) => base64(createHash("md5").update(bytes).digest());
const number32 = (value: number) => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
};
const sums = {
  crc32: (bytes: Uint8Array) => base64(number32(crc32(bytes))),
  crc32c: (bytes: Uint8Array) => base64(number32(crc32c(bytes))),
  crc64nvme: (bytes: Uint8Array) => base64(new Crc64Nvme().update(bytes).digest()),
  sha1: (bytes: Uint8Array) => base64(createHash("sha1").update(bytes).digest()),
  sha256: (bytes: Uint8Array) => base64(createHash("sha256").update(bytes).digest()),
};

const plain: Payload = { kind: "plain" };
const body = (pieces: readonly Uint8Array[], headers: Record<string, string>, payload: Payload = plain) =>
  requestBody({ source: from(pieces), headers: new Map(Object.entries(headers)), payload });

const codeOf = async (work: () => Promise<unknown>) => {
  try {
    await work();
    return "passed";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("CRC-64/NVME", () => {
  it("is that of the specification, in one go and in any pieces", () => {
    expect(Buffer.from(new Crc64Nvme().update(Buffer.from("123456789")).digest()).toString("hex")).toBe(
      "ae8b14860a799888",
    );
    expect(base64(new Crc64Nvme().digest())).toBe("AAAAAAAAAAA=");
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        (bytes, places) => {
          const whole = new Crc64Nvme().update(bytes).digest();
          const parts = new Crc64Nvme();
          for (const piece of splitAt(bytes, places)) parts.update(piece);
          expect(parts.digest()).toEqual(whole);
          let bitwise = 0xffffffffffffffffn;
          for (const byte of bytes) {
            bitwise ^= BigInt(byte);
            for (let bit = 0; bit < 8; bit += 1) {
              bitwise = bitwise & 1n ? (bitwise >> 1n) ^ 0x9a6c9329ac4bc9b5n : bitwise >> 1n;
            }
          }
          expect(Buffer.from(whole).readBigUInt64BE()).toBe(bitwise ^ 0xffffffffffffffffn);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe("aws-chunked", () => {
  const content = Buffer.alloc(66_560, "a");
  const chunks = [content.subarray(0, 65_536), content.subarray(65_536)];
  const decoder = (sizeBytes: number, { isSigned, trailers }: Framing) =>
    new AwsChunkedDecoder({
      decodedBytes: sizeBytes,
      signer: isSigned ? signer : undefined,
      hasTrailer: trailers !== undefined,
      announced: Object.keys(trailers ?? {}),
    });
  const decode = (using: AwsChunkedDecoder, pieces: readonly Uint8Array[]) => {
    const out: Uint8Array[] = [];
    for (const piece of pieces) out.push(...using.push(piece));
    using.end();
    return Buffer.concat(out);
  };

  it("takes AWS's published example with its signatures", () => {
    const bytes = framed(chunks, { isSigned: true });
    for (const signature of [
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]) {
      expect(bytes.includes(signature)).toBe(true);
    }
    expect(bytes.length).toBe(66_824);
    expect(decode(decoder(66_560, { isSigned: true }), [bytes]).equals(content)).toBe(true);
  });

  it("takes AWS's published example with a signed trailer", () => {
    const example = {
      ...signer,
      seedSignature: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    };
    const text = (sizeHex: string, signature: string) =>
      Buffer.from(`${sizeHex};chunk-signature=${signature}\r\n`);
    const lineEnd = Buffer.from("\r\n");
    const bytes = Buffer.concat([
      text("10000", "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
      content.subarray(0, 65_536),
      lineEnd,
      text("400", "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
      content.subarray(65_536),
      lineEnd,
      text("0", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
      Buffer.from("x-amz-checksum-crc32c:sOO8/Q==\n"),
      Buffer.from(
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
      ),
    ]);
    const announced = ["x-amz-checksum-crc32c"];
    const using = new AwsChunkedDecoder({
      decodedBytes: 66_560,
      signer: example,
      hasTrailer: true,
      announced,
    });
    expect(decode(using, [bytes]).equals(content)).toBe(true);
    expect(using.trailers).toEqual(new Map([["x-amz-checksum-crc32c", "sOO8/Q=="]]));
  });

  const framings = fc.record({
    parts: fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }),
    isSigned: fc.boolean(),
    trailers: fc.option(fc.constant({ "x-amz-checksum-crc32": "AAAAAA==" }), { nil: undefined }),
    places: fc.array(fc.nat(), { maxLength: 8 }),
  });

  it("gives the content whatever the chunks and wherever the input is split", () => {
    fc.assert(
      fc.property(framings, ({ parts, places, ...framing }) => {
        const whole = Buffer.concat(parts);
        const pieces = splitAt(framed(parts, framing), places);
        expect(decode(decoder(whole.length, framing), pieces)).toEqual(whole);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it("refuses a body that ends at any earlier place", () => {
    const bytes = framed([Buffer.from("hello"), Buffer.from("you")], { isSigned: true, trailers: {} });
    for (let length = 0; length < bytes.length; length += 1) {
      const using = decoder(8, { isSigned: true, trailers: {} });
      expect(() => decode(using, [bytes.subarray(0, length)])).toThrow(
        expect.objectContaining({ code: "IncompleteBody" }),
      );
    }
  });

  it("refuses any flipped byte of a signed body", () => {
    const trailers = { "x-amz-checksum-crc32": "AAAAAA==" };
    const bytes = framed([Buffer.from("hello"), Buffer.from("you")], { isSigned: true, trailers });
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const using = decoder(8, { isSigned: true, trailers });
      let result = "";
      try {
        result = decode(using, [changed]).toString();
      } catch (error) {
        expect(error).toMatchObject({ name: "S3Error" });
        continue;
      }
      // What may change without notice is the spelling of the framing, never content or trailer.
      expect([result, [...using.trailers]]).toEqual(["helloyou", Object.entries(trailers)]);
    }
  });

  const signed = { isSigned: true };
  it.each<[string, string, () => unknown]>([
    [
      "more than was said",
      "InvalidRequest",
      () => decode(decoder(7, signed), [framed([Buffer.from("helloyou")], signed)]),
    ],
    [
      "less than was said",
      "IncompleteBody",
      () => decode(decoder(9, signed), [framed([Buffer.from("helloyou")], signed)]),
    ],
    [
      "chunks that are not signed",
      "InvalidRequest",
      () => decode(decoder(2, signed), [framed([Buffer.from("hi")], { isSigned: false })]),
    ],
    [
      "a chunk left out",
      "SignatureDoesNotMatch",
      () => {
        const bytes = framed([Buffer.from("hello"), Buffer.from("you")], signed);
        return decode(decoder(3, signed), [bytes.subarray(bytes.indexOf("3;chunk"))]);
      },
    ],
    [
      "a length of no sense",
      "InvalidRequest",
      () => decode(decoder(2, { isSigned: false }), [Buffer.from("xyz\r\n")]),
    ],
    [
      "a length of 2^60",
      "InvalidRequest",
      () => decode(decoder(2, { isSigned: false }), [Buffer.from("1000000000000000\r\n")]),
    ],
    [
      "a header without end",
      "InvalidRequest",
      () => decode(decoder(2, { isSigned: false }), Array(100).fill(Buffer.alloc(100, "1"))),
    ],
    [
      "a trailer without end",
      "MalformedTrailerError",
      () =>
        decode(decoder(0, { isSigned: false, trailers: {} }), [
          Buffer.from("0\r\n"),
          ...Array(400).fill(Buffer.alloc(100, "x")),
        ]),
    ],
    [
      "a trailer that nobody announced",
      "MalformedTrailerError",
      () =>
        decode(decoder(0, { isSigned: false, trailers: {} }), [
          Buffer.from("0\r\nx-amz-acl:public-read\r\n\r\n"),
        ]),
    ],
    [
      "a trailer that is missing",
      "MalformedTrailerError",
      () =>
        decode(decoder(0, { isSigned: false, trailers: { "x-amz-checksum-crc32": "" } }), [
          Buffer.from("0\r\n\r\n"),
        ]),
    ],
    [
      "a trailer whose signature is missing",
      "SignatureDoesNotMatch",
      () => {
        const trailers = { "x-amz-checksum-crc32": "AAAAAA==" };
        const text = framed([], { isSigned: true, trailers })
          .toString("latin1")
          .replace(/x-amz-trailer-signature.*\r\n/, "");
        return decode(decoder(0, { isSigned: true, trailers }), [Buffer.from(text, "latin1")]);
      },
    ],
    [
      "something behind the end",
      "InvalidRequest",
      () => decode(decoder(0, { isSigned: false }), [Buffer.from("0\r\n\r\nGET / HTTP/1.1")]),
    ],
  ])("refuses %s: %s", (_, code, work) => {
    expect(work).toThrow(expect.objectContaining({ code }));
  });

  it("hands the input on without copying it", () => {
    const bytes = framed(chunks, { isSigned: true });
    const pieces = [...decoder(66_560, { isSigned: true }).push(bytes)];
    expect(pieces.map((piece) => piece.buffer === bytes.buffer)).toEqual([true, true]);
  });
});

describe.each([
  ["short", 5000],
  ["long", WHOLE_BYTES_MAX + 5000],
])("a %s body", (name, sizeBytes) => {
  const content = seededRandom(sizeBytes).bytes(sizeBytes);
  const pieces = splitAt(content, [3, 700, 4096]);
  const length = { "content-length": String(sizeBytes) };
  const read = async (given: ReturnType<typeof body>) => {
    const measured = await given.measured();
    const bytes = await gathered(measured.content);
    return { bytes, digest: measured.digest() };
  };
  const codeOfBody = (headers: Record<string, string>, payload?: Payload, from = pieces) =>
    codeOf(async () => read(body(from, headers, payload)));

  it("comes as it was sent, with its MD5", async () => {
    const { bytes, digest } = await read(body(pieces, { ...length, "content-md5": md5(content) }));
    expect(bytes.equals(content)).toBe(true);
    expect(digest).toEqual({
      md5: new Uint8Array(createHash("md5").update(content).digest()),
      checksum: undefined,
      parts: [],
    });
  });

  it("comes in one array only when it is short", async () => {
    const { content: given } = await body(pieces, length).measured();
    expect(given instanceof Uint8Array).toBe(name === "short");
  });

  it("is refused when it is shorter or longer than said", async () => {
    expect(await codeOfBody({ "content-length": String(sizeBytes + 1) })).toBe("IncompleteBody");
    expect(await codeOfBody({ "content-length": String(sizeBytes - 1) })).toBe("InvalidRequest");
    expect(await codeOfBody({})).toBe("MissingContentLength");
    expect(await codeOfBody({ "content-length": "-1" })).toBe("InvalidArgument");
  });

  it("fits its SHA-256 or is refused", async () => {
    expect(await codeOfBody(length, { kind: "hashed", sha256: sha256(content) })).toBe("passed");
    expect(await codeOfBody(length, { kind: "hashed", sha256: sha256(Buffer.from("x")) })).toBe(
      "XAmzContentSHA256Mismatch",
    );
  });

  it("fits its Content-MD5 or is refused", async () => {
    expect(await codeOfBody({ ...length, "content-md5": md5(Buffer.from("x")) })).toBe("BadDigest");
    for (const text of ["", "abc", `${md5(content)}=`, md5(content).slice(4)]) {
      expect(await codeOfBody({ ...length, "content-md5": text })).toBe("InvalidDigest");
    }
  });

  it.each(Object.entries(sums))(
    "fits its %s in header and trailer, or is refused",
    async (algorithm, sum) => {
      const header = `x-amz-checksum-${algorithm}`;
      const right = sum(content);
      const wrong = sum(Buffer.from("x"));
      const value = new Uint8Array(Buffer.from(right, "base64"));
      const { digest } = await read(body(pieces, { ...length, [header]: right }));
      expect(digest.checksum).toEqual({ algorithm, kind: "full", value });
      expect(await codeOfBody({ ...length, [header]: wrong })).toBe("BadDigest");
      expect(await codeOfBody({ ...length, [header]: "%%%" })).toBe("InvalidRequest");
      const computed = await read(
        body(pieces, { ...length, "x-amz-sdk-checksum-algorithm": algorithm.toUpperCase() }),
      );
      expect(computed.digest.checksum?.value).toEqual(value);
      const hashed = { kind: "hashed", sha256: sha256(content) } as const;
      expect(
        (await read(body(pieces, { ...length, [header]: right }, hashed))).digest.checksum?.value,
      ).toEqual(value);
      expect(await codeOfBody({ ...length, [header]: wrong }, hashed)).toBe("BadDigest");
      for (const isSigned of [true, false]) {
        const payload: Payload = { kind: "chunked", signer: isSigned ? signer : undefined, hasTrailer: true };
        const headers = { "x-amz-decoded-content-length": String(sizeBytes), "x-amz-trailer": header };
        const send = (text: string) =>
          splitAt(framed(pieces, { isSigned, trailers: { [header]: text } }), [99, 5000]);
        expect((await read(body(send(right), headers, payload))).digest.checksum?.value).toEqual(value);
        expect(await codeOfBody(headers, payload, send(wrong))).toBe("BadDigest");
        expect(await codeOfBody(headers, payload, send("no"))).toBe("InvalidRequest");
      }
    },
  );

  it("is refused with two checksums, or with one that nobody knows", async () => {
    const two = {
      ...length,
      "x-amz-checksum-crc32": sums.crc32(content),
      "x-amz-checksum-sha1": sums.sha1(content),
    };
    expect(await codeOfBody(two)).toBe("InvalidRequest");
    expect(await codeOfBody({ ...length, "x-amz-sdk-checksum-algorithm": "MD4" })).toBe("InvalidRequest");
    const other = { "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": sums.crc32(content) };
    expect(await codeOfBody({ ...length, ...other })).toBe("InvalidRequest");
    expect(await codeOfBody({ ...length, "x-amz-trailer": "x-amz-checksum-crc32" })).toBe("InvalidRequest");
  });

  it("is given whole to who asks, up to a limit", async () => {
    expect(Buffer.from(await body(pieces, length).whole(sizeBytes)).equals(content)).toBe(true);
    expect(Buffer.from(await body(pieces, {}).whole(sizeBytes)).equals(content)).toBe(true);
    expect(await codeOf(() => body(pieces, length).whole(sizeBytes - 1))).toBe("MaxMessageLengthExceeded");
    expect(await codeOf(() => body(pieces, {}).whole(sizeBytes - 1))).toBe("MaxMessageLengthExceeded");
  });
});

it("aws-chunked without its decoded length is refused", () => {
  const payload: Payload = { kind: "chunked", signer: undefined, hasTrailer: true };
  expect(() => body([], { "content-length": "5" }, payload)).toThrow(
    expect.objectContaining({ code: "MissingContentLength" }),
  );
});

it("the digest of a body that was not read to its end is not told", async () => {
  const measured = await body([Buffer.alloc(WHOLE_BYTES_MAX + 1)], {
    "content-length": String(WHOLE_BYTES_MAX + 1),
  }).measured();
  expect(() => measured.digest()).toThrow(expect.objectContaining({ code: "IncompleteBody" }));
});
