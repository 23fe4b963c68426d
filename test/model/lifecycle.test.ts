/** When lifecycle rules are due: midnights UTC, scopes, noncurrent versions, and that the runner's two ways to count agree. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beganBeforeMs,
  dueMs,
  expiryOf,
  isInScope,
  isMarkerDue,
  isNoncurrentDue,
  type LifecycleRule,
  parseLifecycle,
} from "../../src/model/lifecycle.ts";

const rule = (given: Partial<LifecycleRule>): LifecycleRule => ({
  id: "r1",
  isEnabled: true,
  form: "filter",
  filter: {},
  ...given,
});
const subject = { object: "logs/a", sizeBytes: 100, isDeleted: false, tags: {} };
const at = (text: string) => Date.parse(text);

describe("when a lifecycle rule is due", () => {
  it("is the midnight behind the days, as AWS counts them", () => {
    expect(dueMs(at("2014-01-15T10:30:00Z"), 3)).toBe(at("2014-01-19T00:00:00Z"));
  });

  it("is the same whether counted from the beginning or back from now", () => {
    const moments = fc.integer({ min: 0, max: 4e12 });
    fc.assert(
      fc.property(moments, moments, fc.integer({ min: 1, max: 4000 }), (beganMs, nowMs, days) => {
        expect(beganMs < beganBeforeMs(nowMs, days)).toBe(dueMs(beganMs, days) <= nowMs);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it("is the earliest of all rules that are enabled and in scope", () => {
    const rules = [
      rule({ id: "late", expiration: { days: 9 } }),
      rule({ id: "early", filter: { prefix: "logs/" }, expiration: { days: 2 } }),
      rule({ id: "off", isEnabled: false, expiration: { days: 1 } }),
      rule({ id: "elsewhere", filter: { prefix: "tmp/" }, expiration: { days: 1 } }),
    ];
    const modifiedMs = at("2026-01-01T12:00:00Z");
    expect(expiryOf(rules, subject, modifiedMs)).toEqual({
      atMs: at("2026-01-04T00:00:00Z"),
      ruleId: "early",
    });
    expect(expiryOf([], subject, modifiedMs)).toBeUndefined();
  });

  it("is the date for what came before it and after it", () => {
    const rules = [rule({ expiration: { date: "2026-03-01T00:00:00.000Z" } })];
    const expiry = { atMs: at("2026-03-01T00:00:00Z"), ruleId: "r1" };
    expect(expiryOf(rules, subject, at("2020-01-01T00:00:00Z"))).toEqual(expiry);
    expect(expiryOf(rules, subject, at("2027-01-01T00:00:00Z"))).toEqual(expiry);
  });

  it("keeps to prefix, sizes and all tags, and leaves delete markers out where there are sizes or tags", () => {
    const scoped = (filter: LifecycleRule["filter"], change = {}) =>
      isInScope(rule({ filter }), { ...subject, ...change });
    expect(scoped({ sizeBytesAbove: 100 })).toBe(false);
    expect(scoped({ sizeBytesAbove: 99, sizeBytesBelow: 101 })).toBe(true);
    expect(scoped({ sizeBytesBelow: 100 })).toBe(false);
    expect(scoped({ tags: { a: "1", b: "2" } }, { tags: { a: "1" } })).toBe(false);
    expect(scoped({ tags: { a: "1" } }, { tags: { a: "1", b: "2" } })).toBe(true);
    expect(scoped({ tags: { toString: "x" } })).toBe(false);
    expect(scoped({ sizeBytesBelow: 500 }, { isDeleted: true })).toBe(false);
    expect(scoped({ prefix: "logs/" }, { isDeleted: true })).toBe(true);
  });

  it("leaves the newest noncurrent versions that a rule keeps, whatever their age", () => {
    const rules = [rule({ noncurrent: { days: 1, newerKept: 2 } })];
    const nowMs = at("2026-06-01T00:00:00Z");
    const sinceMs = at("2026-01-01T00:00:00Z");
    const due = (newerCount: number, since = sinceMs) =>
      isNoncurrentDue(rules, subject, { newerCount, sinceMs: since, nowMs });
    expect([due(0), due(1), due(2)]).toEqual([false, false, true]);
    expect(due(2, nowMs)).toBe(false);
  });

  it("takes a lone delete marker by its word or by its age", () => {
    const marker = { ...subject, isDeleted: true };
    const due = (expiration: LifecycleRule["expiration"], nowText: string) =>
      isMarkerDue([rule({ expiration })], marker, {
        modifiedMs: at("2026-01-01T05:00:00Z"),
        nowMs: at(nowText),
      });
    expect(due({ isMarkerExpired: true }, "2026-01-01T05:00:01Z")).toBe(true);
    expect(due({ isMarkerExpired: false }, "2027-01-01T00:00:00Z")).toBe(false);
    expect(due({ days: 1 }, "2026-01-02T23:59:59Z")).toBe(false);
    expect(due({ days: 1 }, "2026-01-03T00:00:00Z")).toBe(true);
  });

  it("refuses a kept text that is none", () => {
    expect(() => parseLifecycle("{")).toThrow(/JSON/);
    expect(() => parseLifecycle("null")).toThrow();
    expect(() => parseLifecycle('{"rules":1}')).toThrow(/rules/);
  });
});
