/** Where to go on: marks only move on, and a mark that does not fit the log means a full compare. */
import { describe, expect, it } from "vitest";
import { type LogPoint, type Mark, movesOn } from "../../../src/gateway/isgw/position/mark.ts";
import { type LogView, planFrom } from "../../../src/gateway/isgw/position/plan.ts";
import { uvidOf } from "../../../src/model/uvid.ts";

const at = (position: number, tag = 0): LogPoint =>
  position === 0
    ? { position: 0n, uvid: undefined }
    : { position: BigInt(position), uvid: uvidOf(new Uint8Array(24).fill(position + tag)) };
const following = (position: number, isEverything = true, tag = 0): Mark => ({
  kind: "following",
  at: at(position, tag),
  isEverything,
});
const walking = (head: number, name: string, tag = 0): Mark => ({
  kind: "walking",
  head: at(head, tag),
  name,
});

/** A log of 10 entries whose service began at 4. */
const log: LogView = {
  head: at(10),
  marker: at(4),
  uvidAt: async (position) => (position <= 10n ? at(Number(position)).uvid : undefined),
};

describe("the plan of a sender", () => {
  it("goes on where the receiver is", async () => {
    expect(await planFrom(log, following(7), "initial+continuous")).toMatchObject({
      kind: "follow",
      from: at(7),
      isEverything: true,
    });
    expect(await planFrom(log, following(0), "initial+continuous")).toMatchObject({
      kind: "follow",
      from: at(0),
    });
    expect(await planFrom(log, walking(5, "m"), "initial+continuous")).toEqual({
      kind: "walk",
      head: at(5),
      after: "m",
    });
    expect(await planFrom(log, walking(5, ""), "initial")).toEqual({
      kind: "walk",
      head: at(5),
      after: undefined,
    });
  });

  it("compares in full when the mark is unknown, ahead of the head, or of another log", async () => {
    const walk = { kind: "walk", head: at(10), after: undefined };
    expect(await planFrom(log, undefined, "initial+continuous")).toEqual(walk);
    expect(await planFrom(log, following(11), "initial+continuous")).toEqual(walk);
    expect(await planFrom(log, following(7, true, 50), "initial+continuous")).toEqual(walk);
    expect(await planFrom(log, walking(5, "m", 50), "initial")).toEqual(walk);
  });

  it("walks when all is wanted and only the part behind a marker is there", async () => {
    expect((await planFrom(log, following(7, false), "initial+continuous")).kind).toBe("walk");
    expect((await planFrom(log, following(7, false), "initial")).kind).toBe("walk");
  });

  it("is done when one pass was wanted and is there", async () => {
    expect(await planFrom(log, following(7), "initial")).toEqual({ kind: "done", at: at(7) });
  });

  it("begins at the marker when only what comes is wanted, and takes a useless mark back", async () => {
    const fromMarker = { kind: "follow", from: at(4), isEverything: false };
    expect(await planFrom(log, undefined, "continuous")).toEqual({ ...fromMarker, resets: false });
    expect(await planFrom(log, following(11, false), "continuous")).toEqual({ ...fromMarker, resets: true });
    expect(await planFrom(log, following(7, false), "continuous")).toMatchObject({
      from: at(7),
      resets: false,
    });
    expect(await planFrom(log, walking(5, "m"), "continuous")).toEqual({ ...fromMarker, resets: true });
  });
});

describe("a mark", () => {
  it("moves on", () => {
    const steps: ReadonlyArray<readonly [Mark | undefined, Mark]> = [
      [undefined, walking(5, "")],
      [walking(5, ""), walking(5, "a")],
      [walking(5, "a"), walking(5, "a")],
      [walking(5, "z"), following(5)],
      [following(5), following(5)],
      [following(5), following(9)],
      [following(5), walking(9, "")],
      [undefined, following(3, false)],
      [walking(5, ""), following(3, false)],
    ];
    for (const [before, next] of steps) expect(movesOn(before, next)).toBe(true);
  });

  it("never goes back, skips a walk or claims more than was sent", () => {
    const steps: ReadonlyArray<readonly [Mark | undefined, Mark]> = [
      [following(5), following(4)],
      [walking(5, "b"), walking(5, "a")],
      [walking(5, "a"), walking(6, "b")],
      [undefined, walking(5, "a")],
      [following(5), walking(5, "a")],
      [undefined, following(5, true)],
      [following(5, false), following(6, true)],
      [walking(5, "a"), following(6, true)],
    ];
    for (const [before, next] of steps) expect(movesOn(before, next)).toBe(false);
  });
});
