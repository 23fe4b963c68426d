/** Objects whose chunks rotted: no wrong byte is answered, and clients are told without the inside of the house. */
import { expect, it } from "vitest";
import { EfsError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { toS3Error } from "../../../src/gateway/s3/wire/error-answer.ts";
import { decodeNode } from "../../../src/model/chunk-manifest.ts";
import type { ContentId } from "../../../src/model/ids.ts";
import { parseObjectPath } from "../../../src/model/names.ts";
import { TestClock, testSegment } from "../../segment/support.ts";
import { s3Site } from "../../support/s3-action.ts";

/** An object of this length, the last chunk of which has a flipped bit. */
async function damaged(sizeBytes: number) {
  const clock = new TestClock();
  const engine = openMemoryEngine({ clock });
  const site = await s3Site({ segment: await testSegment({ clock, engine }) });
  const body = seededRandom(sizeBytes).bytes(sizeBytes);
  await site.ask(putObject, { key: "a", body });
  const { content } = await site.segment.objects.show(parseObjectPath("Hawaii/Cola/bk1/a"));
  if (content.kind !== "node" && content.kind !== "chunk") throw new Error(`the content is ${content.kind}`);
  let id: ContentId = content.id;
  for (let kind: string = content.kind; kind === "node"; ) {
    const last = decodeNode((await engine.chunks.get(id))?.bytes ?? new Uint8Array()).at(-1);
    if (last === undefined || last.kind === "zeros") throw new Error("no last chunk");
    ({ kind, id } = last);
  }
  const bytes = (await engine.chunks.get(id))?.bytes.slice() ?? new Uint8Array();
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  engine.chunks.overwrite(id, bytes);
  return { site, body };
}

it("a small damaged object is answered with InternalError and nothing of where it lies", async () => {
  const { site } = await damaged(20_000);
  const thrown: unknown = await site.ask(getObject, { key: "a" }).catch((failure: unknown) => failure);
  expect(thrown).toBeInstanceOf(EfsError);
  const error = toS3Error(thrown);
  expect(error).toMatchObject({ code: "InternalError", status: 500, elements: {} });
  expect(error.message).not.toMatch(/chunk|bk1/);
  expect((await site.ask(headObject, { key: "a" })).status).toBe(200);
});

it("a long damaged object breaks off behind good bytes, and what is whole of it can be read", async () => {
  const { site, body } = await damaged(3_000_000);
  const thrown: unknown = await site.ask(getObject, { key: "a" }).catch((failure: unknown) => failure);
  expect(thrown).toMatchObject({ code: "CHUNK_CORRUPT" });
  const headers = { Range: "bytes=0-1500000" };
  const part = await site.ask(getObject, { key: "a", headers });
  expect(part.status).toBe(206);
  expect(Buffer.compare(part.bytes, body.subarray(0, 1_500_001))).toBe(0);
});
