/**
 * The contract of the two seams as tests: every engine runs it. One sentence of chunk-store.ts or meta-store.ts, one
 * test. Owns no engine: `open` gives a fresh one each time.
 */
import { afterEach, beforeEach, describe } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { describeChunks } from "./suite-chunks.ts";
import { describeRecords } from "./suite-records.ts";

/** A clock whose wall time is set by the test. */
export interface ManualClock extends Clock {
  nowMs: number;
}

export interface OpenedEngine {
  readonly engine: Engine;
  /** Closes the engine and opens it anew on what it kept; undefined for one that keeps nothing. */
  readonly reopen: (() => Promise<Engine>) | undefined;
  /** Closes what is open and removes what it kept. */
  destroy(): Promise<void>;
}

export interface EngineUnderTest {
  /** Of the engine that is open now. */
  engine: Engine;
  readonly clock: ManualClock;
  readonly canReopen: boolean;
  /** Closes and opens anew; does nothing for an engine that keeps nothing. */
  reopen(): Promise<void>;
}

export function manualClock(): ManualClock {
  return {
    nowMs: 1_700_000_000_000,
    wallMs() {
      return this.nowMs;
    },
    monotonicMs() {
      return this.nowMs;
    },
    sleep: async () => {},
  };
}

/** Runs the whole suite over engines that `open` makes. */
export function describeEngine(name: string, open: (clock: ManualClock) => Promise<OpenedEngine>): void {
  describe(`${name} engine`, () => {
    const state: { opened?: OpenedEngine; test?: EngineUnderTest } = {};

    beforeEach(async () => {
      const clock = manualClock();
      const opened = await open(clock);
      state.opened = opened;
      state.test = {
        engine: opened.engine,
        clock,
        canReopen: opened.reopen !== undefined,
        async reopen() {
          if (opened.reopen !== undefined) this.engine = await opened.reopen();
        },
      };
    });

    afterEach(async () => {
      await state.opened?.destroy();
    });

    const current = (): EngineUnderTest => {
      if (state.test === undefined) throw new Error("no engine is open");
      return state.test;
    };
    describeRecords(current);
    describeChunks(current);
  });
}
