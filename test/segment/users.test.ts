/** Users of a tenant: names, access keys and their secrets, rotation, passwords, and what a tenant and a restart do to them. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { MetaStore } from "../../src/engine/meta-store.ts";
import { parseTenantPath } from "../../src/model/names.ts";
import { parseUserName } from "../../src/model/user.ts";
import { accessKeyKey, userKey } from "../../src/segment/keys.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { expectsSegmentKey, forgetSegmentKey } from "../../src/segment/segment-key.ts";
import { codeOf, keptOpen, onEachEngine, TestClock, testSegment } from "./support.ts";

const TENANT = parseTenantPath("Hawaii/Cola");
const OTHER = parseTenantPath("Hawaii/Kona");
const KEY = new Uint8Array(32).fill(7);

async function withTenants(options: Parameters<typeof testSegment>[0] = {}): Promise<Segment> {
  const segment = await testSegment({ segmentKey: KEY, ...options });
  await segment.namespace.createCluster(TENANT.cluster);
  await segment.namespace.createTenant(TENANT);
  await segment.namespace.createTenant(OTHER);
  return segment;
}

onEachEngine(() => {
  describe("users", () => {
    test("get an access key whose owner is found, and are listed, shown and deleted", async () => {
      const { users } = await withTenants();
      const made = await users.create(TENANT, "kai", { isAdmin: true });
      expect(made.accessKey).toMatch(/^[A-Z2-7]{20}$/);
      expect(made.secretKey).toMatch(/^[A-Za-z0-9]{40}$/);
      expect(await users.findKey(made.accessKey)).toEqual({
        tenant: TENANT,
        user: "kai",
        isAdmin: true,
        accessKey: made.accessKey,
        secretKey: made.secretKey,
      });
      await users.create(TENANT, "lani");
      expect((await users.list(TENANT)).items.map(({ name }) => name)).toEqual(["kai", "lani"]);
      expect((await users.list(OTHER)).items).toEqual([]);
      const page = await users.list(TENANT, { limit: 1 });
      expect([page.items.length, page.next]).toEqual([1, "kai"]);
      expect(await users.show(TENANT, "lani")).toMatchObject({
        name: "lani",
        isAdmin: false,
        isEnabled: true,
        hasPassword: false,
        keys: [{ accessKey: expect.stringMatching(/^[A-Z2-7]{20}$/) }],
      });
      await users.delete(TENANT, "kai");
      expect(await users.findKey(made.accessKey)).toBeUndefined();
      expect(await codeOf(users.show(TENANT, "kai"))).toBe("USER_NOT_FOUND");
      expect(await codeOf(users.delete(TENANT, "kai"))).toBe("USER_NOT_FOUND");
    });

    test("are there once in a tenant; an access key is there once in the segment", async () => {
      const { users } = await withTenants();
      const given = {
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      };
      expect(await users.create(TENANT, "kai", given)).toEqual(given);
      expect(await codeOf(users.create(TENANT, "kai"))).toBe("USER_EXISTS");
      expect(await codeOf(users.create(OTHER, "kai", given))).toBe("ACCESS_KEY_EXISTS");
      expect(await codeOf(users.show(OTHER, "kai"))).toBe("USER_NOT_FOUND");
      await users.create(OTHER, "kai");
      expect(await codeOf(users.rotate(OTHER, "kai", given))).toBe("ACCESS_KEY_EXISTS");
      expect((await users.show(OTHER, "kai")).keys).toHaveLength(1);
      // The last of a user frees its key for others.
      await users.delete(TENANT, "kai");
      await users.rotate(OTHER, "kai", given);
      expect(await users.findKey(given.accessKey)).toMatchObject({ tenant: OTHER });
    });

    test("made at once under one access key: exactly one is there", async () => {
      const { users } = await withTenants();
      const names = ["a", "b", "c", "d"];
      const outcomes = await Promise.allSettled(
        names.map((name) => users.create(TENANT, name, { accessKey: "SHARED", secretKey: "x".repeat(16) })),
      );
      const failures = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(failures.map(({ reason }) => reason.code)).toEqual(Array(3).fill("ACCESS_KEY_EXISTS"));
      const { items } = await users.list(TENANT);
      expect(items).toHaveLength(1);
      expect((await users.findKey("SHARED"))?.user).toBe(items[0]?.name);
    });

    test("have two valid keys while one is rotated, and one when that is finished", async () => {
      const { users } = await withTenants();
      const first = await users.create(TENANT, "kai");
      const second = await users.rotate(TENANT, "kai");
      for (const { accessKey, secretKey } of [first, second]) {
        expect((await users.findKey(accessKey))?.secretKey).toBe(secretKey);
      }
      expect((await users.show(TENANT, "kai")).keys.map((key) => key.accessKey)).toEqual([
        second.accessKey,
        first.accessKey,
      ]);
      const third = await users.rotate(TENANT, "kai");
      expect(await users.findKey(first.accessKey)).toBeUndefined();
      expect(await users.findKey(second.accessKey)).toBeDefined();
      expect((await users.finishRotation(TENANT, "kai")).keys.map((key) => key.accessKey)).toEqual([
        third.accessKey,
      ]);
      expect(await users.findKey(second.accessKey)).toBeUndefined();
      expect((await users.findKey(third.accessKey))?.secretKey).toBe(third.secretKey);
      // Finishing twice is no harm.
      expect((await users.finishRotation(TENANT, "kai")).keys).toHaveLength(1);
    });

    test("rotated by several at once end with two keys, both of which work, and no key of nobody", async () => {
      const { users } = await withTenants();
      const first = await users.create(TENANT, "kai");
      const made = await Promise.all([1, 2, 3, 4, 5].map(() => users.rotate(TENANT, "kai")));
      const kept = (await users.show(TENANT, "kai")).keys.map((key) => key.accessKey);
      expect(kept).toHaveLength(2);
      for (const { accessKey, secretKey } of [first, ...made]) {
        const owner = await users.findKey(accessKey);
        expect(owner?.secretKey).toBe(kept.includes(accessKey) ? secretKey : undefined);
      }
    });

    test("that are disabled sign nothing until they are enabled again", async () => {
      const { users } = await withTenants();
      const { accessKey } = await users.create(TENANT, "kai");
      await users.findKey(accessKey);
      expect((await users.setEnabled(TENANT, "kai", false)).isEnabled).toBe(false);
      expect(await users.findKey(accessKey)).toBeUndefined();
      expect((await users.setEnabled(TENANT, "kai", true)).isEnabled).toBe(true);
      expect(await users.findKey(accessKey)).toBeDefined();
    });

    test("are refused with names, keys and secrets that are none", async () => {
      const { users } = await withTenants();
      for (const name of ["", "a b", "a/b", "-a", "a".repeat(65), "ä", "a\n"]) {
        expect(await codeOf(users.create(TENANT, name))).toBe("BAD_NAME");
      }
      for (const accessKey of ["", "ab", "a/b", "a".repeat(129), "a b c", "../../x"]) {
        expect(await codeOf(users.create(TENANT, "kai", { accessKey }))).toBe("BAD_VALUE");
        expect(await users.findKey(accessKey)).toBeUndefined();
      }
      for (const secretKey of ["", "short", "x".repeat(129), `${"x".repeat(16)} `, "ä".repeat(16)]) {
        expect(await codeOf(users.create(TENANT, "kai", { secretKey }))).toBe("BAD_VALUE");
      }
      expect(await codeOf(users.create(parseTenantPath("No/Where"), "kai"))).toBe("TENANT_NOT_FOUND");
      expect(await codeOf(users.list(parseTenantPath("No/Where")))).toBe("TENANT_NOT_FOUND");
      expect(await codeOf(users.show(parseTenantPath("No/Where"), "kai"))).toBe("TENANT_NOT_FOUND");
      expect((await users.list(TENANT)).items).toEqual([]);
    });

    test("keep their tenant from being deleted", async () => {
      const { users, namespace } = await withTenants();
      await users.create(TENANT, "kai");
      expect(await codeOf(namespace.deleteTenant(TENANT))).toBe("NOT_EMPTY");
      await users.delete(TENANT, "kai");
      await namespace.deleteTenant(TENANT);
      expect(await codeOf(users.create(TENANT, "kai"))).toBe("TENANT_NOT_FOUND");
    });
  });
});

describe("passwords of users", () => {
  test("are verified, changed, and never there for who has none", async () => {
    const { users } = await withTenants();
    await users.create(TENANT, "kai", { password: "correct horse" });
    expect((await users.show(TENANT, "kai")).hasPassword).toBe(true);
    expect(await users.verifyPassword(TENANT, "kai", "correct horse")).toBe(true);
    expect(await users.verifyPassword(TENANT, "kai", "correct horsf")).toBe(false);
    await users.setPassword(TENANT, "kai", "battery staple");
    expect(await users.verifyPassword(TENANT, "kai", "correct horse")).toBe(false);
    expect(await users.verifyPassword(TENANT, "kai", "battery staple")).toBe(true);
    await users.create(TENANT, "lani");
    expect(await users.verifyPassword(TENANT, "lani", "")).toBe(false);
    expect(await codeOf(users.setPassword(TENANT, "kai", "short"))).toBe("BAD_VALUE");
    expect(await codeOf(users.setPassword(TENANT, "kai", "x".repeat(1025)))).toBe("BAD_VALUE");
    expect(await codeOf(users.setPassword(TENANT, "none", "battery staple"))).toBe("USER_NOT_FOUND");
  });
});

describe("secrets at rest", () => {
  async function onEngine(): Promise<{ engine: Engine; segment: Segment }> {
    const engine = openMemoryEngine({ clock: new TestClock() });
    return { engine, segment: await withTenants({ engine: keptOpen(engine) }) };
  }

  async function allRecords(engine: Engine) {
    return (await engine.records.scan({ from: utf8("\0"), to: Uint8Array.of(255), limit: 10_000 })).records;
  }

  test("stand nowhere in plain", async () => {
    const { engine, segment } = await onEngine();
    const made = await segment.users.create(TENANT, "kai", { password: "correct horse" });
    const rotated = await segment.users.rotate(TENANT, "kai");
    for (const { value } of await allRecords(engine)) {
      const text = Buffer.from(value).toString("latin1");
      for (const secret of [made.secretKey, rotated.secretKey, "correct horse"])
        expect(text).not.toContain(secret);
      expect(Buffer.from(value).includes(Buffer.from(KEY))).toBe(false);
    }
  });

  test("are found again after a restart with the same segment key, and with no other", async () => {
    const { engine, segment } = await onEngine();
    expect(await expectsSegmentKey(engine.records)).toBe(true);
    const { accessKey, secretKey } = await segment.users.create(TENANT, "kai");
    await segment.close();
    const again = await testSegment({ engine: keptOpen(engine), segmentKey: KEY, random: seededRandom(2) });
    expect((await again.users.findKey(accessKey))?.secretKey).toBe(secretKey);
    await again.close();
    const wrong = testSegment({ engine: keptOpen(engine), segmentKey: new Uint8Array(32).fill(8) });
    expect(await codeOf(wrong)).toBe("BAD_CONFIG");
    const without = await testSegment({ engine: keptOpen(engine) });
    expect(await codeOf(without.users.findKey(accessKey))).toBe("UNAVAILABLE");
    expect(await codeOf(without.users.create(TENANT, "lani"))).toBe("UNAVAILABLE");
    expect((await without.users.list(TENANT)).items).toHaveLength(1);
    await without.users.delete(TENANT, "kai");
    expect(await without.users.findKey(accessKey)).toBeUndefined();
  });

  test("of changes whose answer was lost are what is on disk, not what was held before", async () => {
    const inner = openMemoryEngine({ clock: new TestClock() });
    let isLosing = false;
    const { records } = inner;
    const losing: MetaStore = {
      get: (key) => records.get(key),
      getMany: (keys) => records.getMany(keys),
      scan: (options) => records.scan(options),
      lastPosition: (log) => records.lastPosition(log),
      watch: (prefix, onChange) => records.watch(prefix, onChange),
      syncCount: () => records.syncCount(),
      close: () => records.close(),
      commit: async (batch) => {
        const outcome = await records.commit(batch);
        if (isLosing) throw new EfsError("TIMEOUT", "the answer was lost");
        return outcome;
      },
    };
    const { users } = await withTenants({ engine: { ...keptOpen(inner), records: losing } });
    const { accessKey } = await users.create(TENANT, "kai");
    expect(await users.findKey(accessKey)).toBeDefined();
    isLosing = true;
    expect(await codeOf(users.setEnabled(TENANT, "kai", false))).toBe("TIMEOUT");
    expect(await users.findKey(accessKey)).toBeUndefined();
    expect(await codeOf(users.delete(TENANT, "kai"))).toBe("TIMEOUT");
    expect(await codeOf(users.show(TENANT, "kai"))).toBe("USER_NOT_FOUND");
  });

  test("whose segment key is lost are given up: the users stay and get new keys under a new one", async () => {
    const { engine, segment } = await onEngine();
    const before = await segment.users.create(TENANT, "kai", { password: "correct horse" });
    const rotated = await segment.users.rotate(TENANT, "kai");
    await segment.users.create(OTHER, "lani");
    await segment.close();
    expect(await forgetSegmentKey(engine.records)).toBe(3);
    expect(await forgetSegmentKey(engine.records)).toBe(0);
    expect(await expectsSegmentKey(engine.records)).toBe(false);
    const again = await testSegment({ engine: keptOpen(engine), segmentKey: new Uint8Array(32).fill(9) });
    for (const { accessKey } of [before, rotated])
      expect(await again.users.findKey(accessKey)).toBeUndefined();
    expect(await again.users.show(TENANT, "kai")).toMatchObject({ hasPassword: true, keys: [] });
    const made = await again.users.rotate(TENANT, "kai");
    expect((await again.users.findKey(made.accessKey))?.secretKey).toBe(made.secretKey);
  });

  test("do not open when they are moved to another user or key, or changed", async () => {
    const { engine, segment } = await onEngine();
    const { records } = engine;
    await segment.users.create(TENANT, "kai", { accessKey: "KAI", isAdmin: false });
    await segment.users.create(OTHER, "boss", { accessKey: "BOSS", isAdmin: true });
    const kaiRecord = (await records.get(userKey(TENANT, parseUserName("kai")))) ?? new Uint8Array();
    await records.commit({
      writes: [{ key: userKey(OTHER, parseUserName("boss")), value: kaiRecord }],
    });
    const bossIndex = (await records.get(accessKeyKey("BOSS"))) ?? new Uint8Array();
    await records.commit({ writes: [{ key: accessKeyKey("KAI"), value: bossIndex }] });
    expect(await codeOf(segment.users.findKey("KAI"))).toBe("RECORD_CORRUPT");
    expect(await segment.users.findKey("BOSS")).toBeUndefined();
    const flipped = kaiRecord.slice();
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    await records.commit({ writes: [{ key: userKey(OTHER, parseUserName("boss")), value: flipped }] });
    expect(await codeOf(segment.users.findKey("KAI"))).toBe("RECORD_CORRUPT");
  });
});
