/** Service records, their durable state, and tokens. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { parseServiceName } from "../../src/model/names.ts";
import { ISGW_START_SETTINGS, type ServiceRecord } from "../../src/model/service.ts";
import { codeOf, onEachEngine, TestClock, testSegment } from "./support.ts";

const NAME = parseServiceName("hawaii");

function service(name = NAME): Omit<ServiceRecord, "revision"> {
  return { name, type: "isgw", isEnabled: false, settings: ISGW_START_SETTINGS, served: [] };
}

onEachEngine(() => {
  describe("services", () => {
    test("are made once, changed by revision and listed in order", async () => {
      const { services } = await testSegment();
      const made = await services.create(service());
      expect(made).toMatchObject({ revision: 1, settings: ISGW_START_SETTINGS });
      expect(await codeOf(services.create(service()))).toBe("SERVICE_EXISTS");
      const changed = await services.update({ ...made, isEnabled: true });
      expect(changed.revision).toBe(2);
      expect(await codeOf(services.update({ ...made, isEnabled: false }))).toBe("CONFLICT");
      const both = await Promise.allSettled([
        services.update({ ...changed, served: ["a/b"] }),
        services.update({ ...changed, served: ["a/c"] }),
      ]);
      expect(both.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
      await services.create(service(parseServiceName("Big")));
      expect((await services.list()).map((record) => record.name)).toEqual(["Big", "hawaii"]);
      expect((await services.show(NAME)).isEnabled).toBe(true);
      expect(await codeOf(services.show(parseServiceName("none")))).toBe("SERVICE_NOT_FOUND");
      expect(await codeOf(services.update({ ...service(parseServiceName("none")), revision: 1 }))).toBe(
        "SERVICE_NOT_FOUND",
      );
    });

    test("keep state under keys of their own, which goes with them", async () => {
      const { services } = await testSegment();
      await services.create(service());
      await services.putState(NAME, "position/a", utf8("1"));
      await services.putState(NAME, "position/b", utf8("2"));
      await services.putState(NAME, "counters", utf8("3"));
      await services.putState(parseServiceName("hawaii2"), "position/a", utf8("other"));
      expect((await services.listState(NAME, "position/")).map(({ key }) => key)).toEqual([
        "position/a",
        "position/b",
      ]);
      await services.putState(NAME, "position/a", undefined);
      expect(await services.getState(NAME, "position/a")).toBeUndefined();
      expect(await services.getState(NAME, "counters")).toEqual(utf8("3"));
      expect(await codeOf(services.putState(NAME, "big", new Uint8Array(128 * 1024 + 1)))).toBe("LIMIT");
      expect(await codeOf(services.putState(NAME, "", utf8("x")))).toBe("BAD_VALUE");
      await services.delete(NAME);
      expect(await codeOf(services.delete(NAME))).toBe("SERVICE_NOT_FOUND");
      expect(await services.listState(NAME, "")).toEqual([]);
      expect(await services.listState(parseServiceName("hawaii2"), "")).toHaveLength(1);
    });

    test("tell watchers of changes", async () => {
      const { services } = await testSegment();
      let calls = 0;
      const end = services.watch(() => {
        calls += 1;
      });
      await services.create(service());
      await expect.poll(() => calls).toBeGreaterThan(0);
      end();
    });
  });

  describe("tokens", () => {
    test("are shown once, verified, and gone when revoked", async () => {
      const engine = openMemoryEngine({ clock: new TestClock() });
      const { tokens } = (await testSegment({ engine })).services;
      const token = await tokens.create("ci");
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
      const other = await tokens.create("laptop");
      expect(await codeOf(tokens.create("ci"))).toBe("TOKEN_EXISTS");
      expect(await codeOf(tokens.create("no/good"))).toBe("BAD_NAME");
      expect(await tokens.verify(token)).toBe("ci");
      expect(await tokens.verify(other)).toBe("laptop");
      for (const wrong of ["", token.slice(1), `${token}x`, "x".repeat(100_000), token.toUpperCase()]) {
        expect(await tokens.verify(wrong)).toBeUndefined();
      }
      expect((await tokens.list()).map(({ name }) => name)).toEqual(["ci", "laptop"]);
      await tokens.revoke("ci");
      expect(await tokens.verify(token)).toBeUndefined();
      expect(await codeOf(tokens.revoke("ci"))).toBe("TOKEN_NOT_FOUND");
      const stored = await engine.records.scan({ from: utf8("k"), to: utf8("l"), limit: 10 });
      for (const { value } of stored.records)
        expect(Buffer.from(value).toString("latin1")).not.toContain(other);
    });
  });
});
