/** Random steps against the model of test/support/s3-model.ts, over the actions and a memory segment: no server, no disk, many steps. */
import fc from "fast-check";
import { it } from "vitest";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { BUCKET_ACTIONS } from "../../../src/gateway/s3/bucket-actions.ts";
import { MULTIPART_ACTIONS } from "../../../src/gateway/s3/multipart-actions.ts";
import { OBJECT_ACTIONS } from "../../../src/gateway/s3/object-actions.ts";
import { Router } from "../../../src/gateway/s3/router.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { keptOpen, TestClock, testSegment } from "../../segment/support.ts";
import { type S3Site, s3Site } from "../../support/s3-action.ts";
import { type ModelBucket, type ModelWorld, playAll, type S3Call, steps } from "../../support/s3-model.ts";

const router = new Router([...OBJECT_ACTIONS, ...MULTIPART_ACTIONS, ...BUCKET_ACTIONS]);

async function memoryWorld(): Promise<ModelWorld> {
  const clock = new TestClock();
  const engine = keptOpen(openMemoryEngine({ clock }));
  let seed = 1;
  const open = async (): Promise<S3Site> => s3Site({ segment: await testSegment({ clock, engine, seed }) });
  let site = await open();
  const ask = async (call: S3Call) => {
    clock.advance(3);
    const headers = new Map(Object.entries(call.headers ?? {}));
    const { method, bucket, key } = call;
    const query = new Map(Object.entries(call.query ?? {}));
    const action = router.find({ method, bucket, key, query, headers });
    const answer = await site.ask(action, { ...call, pieceBytes: 50_000 });
    const length = answer.sizeBytes ?? answer.bytes.length;
    return { ...answer, headers: { ...answer.headers, "content-length": String(length) } };
  };
  return {
    ask,
    restart: async () => {
      seed += 1;
      await site.segment.close();
      site = await open();
    },
    setVersioning: async (bucket, versioning) => {
      await site.segment.namespace.updateBucket(parseBucketPath(`Hawaii/Cola/${bucket}`), { versioning });
    },
  };
}

it.each([1, 2, 3, 4, 5, 6])("finds no difference to the model in 400 steps (seed %i)", async (seed) => {
  const [history = []] = fc.sample(steps({ count: 400, withParts: false }), { numRuns: 1, seed });
  const bucket: ModelBucket = { name: "bk1", versioning: "off", keys: new Map() };
  await playAll(await memoryWorld(), bucket, history);
});
