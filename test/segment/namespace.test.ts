/** Clusters, tenants and buckets: rules of making and deleting, also when others write meanwhile. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import {
  type BucketPath,
  parseBucketPath,
  parseClusterName,
  parseServiceName,
  parseTenantPath,
} from "../../src/model/names.ts";
import type { Segment } from "../../src/segment/segment.ts";
import {
  BUCKET,
  codeOf,
  failureOf,
  keptOpen,
  object,
  onEachEngine,
  rounds,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const HAWAII = parseClusterName("Hawaii");
const COLA = parseTenantPath("Hawaii/Cola");

function serviceServing(...served: readonly string[]) {
  return { name: parseServiceName("hawaii"), type: "isgw" as const, isEnabled: false, settings: [], served };
}

onEachEngine(() => {
  describe("making and listing", () => {
    test("children need their parents, and each name is there once", async () => {
      const { namespace } = await testSegment();
      expect(await codeOf(namespace.createTenant(COLA))).toBe("CLUSTER_NOT_FOUND");
      await namespace.createCluster(HAWAII, { "X-Site": "hnl" });
      expect(await codeOf(namespace.createCluster(HAWAII))).toBe("CLUSTER_EXISTS");
      expect(await codeOf(namespace.createBucket(BUCKET))).toBe("TENANT_NOT_FOUND");
      await namespace.createTenant(COLA);
      expect(await codeOf(namespace.createTenant(COLA))).toBe("TENANT_EXISTS");
      await namespace.createBucket(BUCKET, {
        versionsKept: 3,
        chunking: { kind: "fixed", chunkBytes: 65536 },
      });
      expect(await codeOf(namespace.createBucket(BUCKET))).toBe("BUCKET_EXISTS");
      expect(await namespace.showCluster(HAWAII)).toMatchObject({
        name: "Hawaii",
        custom: { "X-Site": "hnl" },
      });
      expect(await namespace.showTenant(COLA)).toMatchObject({ name: "Cola" });
      expect(await namespace.showBucket(BUCKET)).toMatchObject({
        name: "bk1",
        objectCount: 0,
        options: { versionsKept: 3, chunking: { kind: "fixed", chunkBytes: 65536 } },
      });
      expect(await codeOf(namespace.listTenants(parseClusterName("Maui")))).toBe("CLUSTER_NOT_FOUND");
      expect(await codeOf(namespace.listBuckets(parseTenantPath("Hawaii/Fanta")))).toBe("TENANT_NOT_FOUND");
      expect(await codeOf(namespace.showBucket(parseBucketPath("Hawaii/Cola/none")))).toBe(
        "BUCKET_NOT_FOUND",
      );
    });

    test("lists are in byte order, with prefix, marker and limit", async () => {
      const { namespace } = await testSegment();
      await namespace.createCluster(HAWAII);
      await namespace.createTenant(COLA);
      const names = ["b", "B", "a-1", "a", "ü", "a.2"];
      for (const name of names) await namespace.createBucket(parseBucketPath(`Hawaii/Cola/${name}`));
      const sorted = [...names].sort((left, right) => Buffer.compare(utf8(left), utf8(right)));
      const all = await namespace.listBuckets(COLA);
      expect(all.items.map((bucket) => bucket.name)).toEqual(sorted);
      const some = await namespace.listBuckets(COLA, { prefix: "a", after: "a", limit: 1 });
      expect([some.items.map((bucket) => bucket.name), some.next]).toEqual([["a-1"], "a-1"]);
      const rest = await namespace.listBuckets(COLA, { prefix: "a", after: some.next });
      expect([rest.items.map((bucket) => bucket.name), rest.next]).toEqual([["a.2"], undefined]);
      expect((await namespace.listBuckets(COLA, { after: "\u{10ffff}" })).items).toEqual([]);
    });

    test("options out of range are refused", async () => {
      const { namespace } = await testSegment();
      await namespace.createCluster(HAWAII);
      await namespace.createTenant(COLA);
      for (const versionsKept of [0, 1001, 1.5, Number.NaN]) {
        expect(await codeOf(namespace.createBucket(BUCKET, { versionsKept }))).toBe("BAD_VALUE");
      }
      for (const chunkBytes of [4096, 65537, 2 ** 21, -65536, 0]) {
        const chunking = { kind: "fixed" as const, chunkBytes };
        expect(await codeOf(namespace.createBucket(BUCKET, { chunking }))).toBe("BAD_VALUE");
      }
      expect(await codeOf(namespace.createBucket(BUCKET, { custom: { "a b": "x" } }))).toBe("BAD_VALUE");
    });

    test("ensureBucket makes what is missing once, however many ask at once", async () => {
      const { namespace } = await testSegment();
      const records = await Promise.all(Array.from({ length: 8 }, () => namespace.ensureBucket(BUCKET, {})));
      expect(new Set(records.map((record) => record.logId)).size).toBe(1);
      const again = await namespace.ensureBucket(BUCKET, { versionsKept: 9 });
      expect(again.options.versionsKept).toBe(1);
    });
  });

  describe("deleting", () => {
    test("only what is empty and not served goes", async () => {
      const segment = await withBucket(await testSegment());
      const { namespace, objects, services } = segment;
      expect(await codeOf(namespace.deleteCluster(HAWAII))).toBe("NOT_EMPTY");
      expect(await codeOf(namespace.deleteTenant(COLA))).toBe("NOT_EMPTY");
      await objects.put(object("a"), utf8("x"));
      expect(await codeOf(namespace.deleteBucket(BUCKET))).toBe("NOT_EMPTY");
      await objects.delete(object("a"));
      let service = await services.create(serviceServing("Hawaii/Cola/bk1,tag=1"));
      expect(await codeOf(namespace.deleteBucket(BUCKET))).toBe("IN_USE");
      service = await services.update({ ...service, served: ["Hawaii/Cola"] });
      expect(await failureOf(namespace.deleteBucket(BUCKET))).toMatchObject({
        code: "IN_USE",
        hint: "efscli service unserve hawaii Hawaii/Cola",
      });
      service = await services.update({ ...service, served: ["Hawaii/Cola/bk2"] });
      await namespace.deleteBucket(BUCKET);
      expect(await codeOf(namespace.deleteBucket(BUCKET))).toBe("BUCKET_NOT_FOUND");
      expect(await codeOf(objects.put(object("a"), utf8("x")))).toBe("BUCKET_NOT_FOUND");
      expect(await codeOf(objects.get(object("a")))).toBe("BUCKET_NOT_FOUND");
      expect(await failureOf(namespace.deleteTenant(COLA))).toMatchObject({
        code: "IN_USE",
        message: "service hawaii serves Hawaii/Cola/bk2",
        hint: "efscli service unserve hawaii Hawaii/Cola/bk2",
      });
      await services.delete(service.name);
      await namespace.deleteTenant(COLA);
      await namespace.deleteCluster(HAWAII);
      expect(await codeOf(namespace.deleteCluster(HAWAII))).toBe("CLUSTER_NOT_FOUND");
      expect(await codeOf(namespace.deleteTenant(COLA))).toBe("TENANT_NOT_FOUND");
    });

    test("a bucket of a tenant that an S3 service serves goes, the tenant does not", async () => {
      const { namespace, services } = await withBucket(await testSegment());
      await services.create({ ...serviceServing("Hawaii/Cola"), type: "s3" });
      await namespace.deleteBucket(BUCKET);
      expect(await codeOf(namespace.deleteTenant(COLA))).toBe("IN_USE");
    });

    test("a bucket that is made again has another log and nothing of the old one", async () => {
      const clock = new TestClock();
      const engine = openMemoryEngine({ clock });
      const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }), {
        versionsKept: 3,
      });
      const before = await segment.namespace.showBucket(BUCKET);
      for (let index = 0; index < 1200; index += 1)
        await segment.objects.put(object(`${index % 600}`), utf8("x"));
      for (let index = 0; index < 600; index += 1) await segment.objects.delete(object(`${index}`));
      await segment.namespace.deleteBucket(BUCKET);
      await segment.namespace.createBucket(BUCKET);
      const after = await segment.namespace.showBucket(BUCKET);
      expect(after.logId).not.toBe(before.logId);
      expect((await segment.objects.listVersions(BUCKET)).items).toEqual([]);
      expect(await segment.replication.logHead(BUCKET)).toEqual({ logId: after.logId, position: 0n });
      // The drop goes on behind our backs, and at the next start when it was cut short.
      await segment.close();
      const again = await testSegment({ clock, engine: keptOpen(engine), seed: 2 });
      const idle = async () => (await leftovers(engine, before.logId)) === 0;
      await expect.poll(idle).toBe(true);
      await again.close();
    });

    test("a tenant cannot go while a bucket is being made in it, and the other way round", async () => {
      for (let round = 0; round < rounds(30, 4); round += 1) {
        const { namespace } = await testSegment({ seed: round + 1 });
        await namespace.createCluster(HAWAII);
        await namespace.createTenant(COLA);
        const [made, gone] = await Promise.allSettled([
          namespace.createBucket(BUCKET),
          namespace.deleteTenant(COLA),
        ]);
        const isThere = (await namespace.showBucket(BUCKET).catch(() => undefined)) !== undefined;
        const hasTenant = (await namespace.showTenant(COLA).catch(() => undefined)) !== undefined;
        expect([made.status, isThere]).toEqual(hasTenant ? ["fulfilled", true] : ["rejected", false]);
        expect(gone.status).toBe(hasTenant ? "rejected" : "fulfilled");
      }
    });

    test("a put that races with the deletion of its bucket is either there or refused", async () => {
      for (let round = 0; round < rounds(40, 12); round += 1) {
        const segment = await withBucket(await testSegment({ seed: round + 1 }));
        const put = segment.objects.put(object("a"), utf8("x"));
        for (let turn = 0; turn < round % 12; turn += 1) await Promise.resolve();
        const [stored, gone] = await Promise.allSettled([put, segment.namespace.deleteBucket(BUCKET)]);
        expect(await isConsistent(segment, BUCKET)).toBe(true);
        if (gone.status === "fulfilled") expect(stored.status).toBe("rejected");
        else expect(await codeOf(Promise.reject(gone.reason))).toMatch(/NOT_EMPTY|BUSY/);
        if (stored.status === "fulfilled") {
          expect((await segment.objects.show(object("a"))).uvid).toBe(stored.value.uvid);
        }
      }
    });

    test("a deletion that a crash left undecided is decided at the next start", async () => {
      for (const hasObject of [true, false]) {
        const clock = new TestClock();
        const engine = openMemoryEngine({ clock });
        const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
        if (hasObject) await segment.objects.put(object("a"), utf8("x"));
        const key = utf8("b/Hawaii/Cola/bk1");
        const record = await engine.records.get(key);
        await segment.close();
        engine.records.overwrite(key, undefined);
        engine.records.overwrite(utf8("d/Hawaii/Cola/bk1"), record);
        const again = await testSegment({ clock, engine, seed: 2 });
        const shown = await again.namespace.showBucket(BUCKET).catch(() => undefined);
        expect(shown?.objectCount).toBe(hasObject ? 1 : undefined);
        expect(await engine.records.get(utf8("d/Hawaii/Cola/bk1"))).toBeUndefined();
      }
    });
  });
});

async function isConsistent(segment: Segment, path: BucketPath): Promise<boolean> {
  const shown = await segment.namespace.showBucket(path).catch(() => undefined);
  if (shown === undefined) return true;
  const { items } = await segment.objects.list(path);
  return shown.objectCount === items.length;
}

async function leftovers(engine: ReturnType<typeof openMemoryEngine>, logId: string): Promise<number> {
  const id = Buffer.from(logId, "hex");
  let count = 0;
  for (const tag of ["o", "v", "l", "n", "x"]) {
    const from = Buffer.concat([utf8(tag), id]);
    const to = Buffer.concat([from, Buffer.alloc(40, 0xff)]);
    count += (await engine.records.scan({ from, to, limit: 10 })).records.length;
  }
  return count;
}
