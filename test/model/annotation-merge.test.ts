/** Annotations come together the same in whatever order changes arrive, and no site shortens a compliance retention unheard. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnnotationRecord, Retention } from "../../src/model/annotation.ts";
import { annotationsOf, mergeAnnotations, recordOfChange } from "../../src/model/annotation-merge.ts";
import { parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { makeUvid, type Uvid } from "../../src/model/uvid.ts";

const WRITER = parseWriterId("0123456789ABCDEF");
const OTHER = parseSegmentId("D".repeat(16));
const SEGMENTS = ["A", "B", "C"].map((letter) => parseSegmentId(letter.repeat(16)));

function uvidAt(wallMs: number, segment = 0): Uvid {
  return makeUvid({ clock: BigInt(wallMs) << 16n, segment: SEGMENTS[segment] ?? OTHER, writer: WRITER });
}

const merged = (records: readonly AnnotationRecord[]) =>
  records.reduce<AnnotationRecord | undefined>((sum, record) => mergeAnnotations(sum, record), undefined);

/** Few times and ends, so that ties and expired retentions are common. */
const retentions = fc.option(
  fc.record({
    mode: fc.constantFrom<Retention["mode"]>("governance", "compliance"),
    untilMs: fc.nat({ max: 20 }),
  }),
  { nil: null },
);
const changes = fc
  .record({
    wallMs: fc.nat({ max: 20 }),
    segment: fc.nat({ max: 2 }),
    tags: fc.option(fc.constantFrom({}, { a: "1" }, { a: "2", b: "3" }), { nil: undefined }),
    acl: fc.option(fc.constantFrom("private" as const, "public-read" as const), { nil: undefined }),
    hold: fc.option(fc.boolean(), { nil: undefined }),
    retention: fc.option(retentions, { nil: undefined }),
  })
  .map(({ wallMs, segment, ...change }) => ({ uvid: uvidAt(wallMs, segment), change }));
/** No two changes have one UVID. */
const histories = fc
  .uniqueArray(changes, { selector: ({ uvid }) => uvid, maxLength: 9 })
  .map((items) => items.map(({ uvid, change }) => recordOfChange(change, uvid)));

describe("annotations of one version", () => {
  it("are the same in any order, with repeats, however changes were gathered before", () => {
    fc.assert(
      fc.property(histories, fc.array(fc.nat(), { maxLength: 12 }), fc.nat(), (history, repeats, cut) => {
        const expected = merged(history);
        const shuffled = [...history, ...repeats.flatMap((index) => history[index % history.length] ?? [])]
          .map((record, index) => ({ record, rank: (index * 7919 + cut) % 31 }))
          .sort((left, right) => left.rank - right.rank)
          .map(({ record }) => record);
        expect(merged(shuffled)).toEqual(expected);
        const place = history.length === 0 ? 0 : cut % history.length;
        const halves = [merged(history.slice(place)), merged(history.slice(0, place))];
        expect(merged(halves.flatMap((half) => half ?? []))).toEqual(expected);
      }),
      { seed: 20261122, numRuns: 2000 },
    );
  });

  it("are what the latest change of each field says", () => {
    const record = merged([
      { tags: { uvid: uvidAt(5), value: { a: "1" } }, acl: { uvid: uvidAt(5), value: "public-read" } },
      { tags: { uvid: uvidAt(6), value: {} }, hold: { uvid: uvidAt(2), value: true } },
      { acl: { uvid: uvidAt(4), value: "private" }, hold: { uvid: uvidAt(1), value: false } },
    ]);
    expect(annotationsOf(record)).toEqual({
      tags: {},
      acl: "public-read",
      hold: true,
      retention: undefined,
    });
    expect(annotationsOf(undefined)).toMatchObject({ tags: {}, acl: "private", hold: false });
  });
});

describe("a compliance retention", () => {
  const until = (untilMs: number, mode: Retention["mode"] = "compliance") => ({ mode, untilMs });
  const changedAt = (wallMs: number, value: Retention | null) =>
    annotationsOf(
      merged([
        { retention: { uvid: uvidAt(10), value: until(100) } },
        { retention: { uvid: uvidAt(wallMs), value } },
      ]),
    ).retention;

  it("stays when somebody who had not heard of it shortens or removes it later", () => {
    expect(changedAt(50, until(60))).toEqual(until(100));
    expect(changedAt(50, null)).toEqual(until(100));
    expect(changedAt(50, until(5000, "governance"))).toEqual(until(100));
  });

  it("gives way to a longer one, earlier or later", () => {
    expect(changedAt(50, until(101))).toEqual(until(101));
    expect(changedAt(5, until(101))).toEqual(until(101));
  });

  it("gives way to any change that was made when it had ended", () => {
    expect(changedAt(100, null)).toBeUndefined();
    expect(changedAt(150, until(160, "governance"))).toEqual(until(160, "governance"));
  });
});
