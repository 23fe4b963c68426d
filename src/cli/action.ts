/**
 * Joins the three parts of a command: reads the common flags, connects, runs, shows the result. `run` touches no terminal and
 * `view` no network; what lies between them is here.
 */
import type { Command } from "commander";
import { EfsError } from "../base/errors.ts";
import { connectionFlagsOf, renderingOf } from "./flags.ts";
import { type Rendering, renderPages, renderResult } from "./output/render.ts";
import type { ListView, Pages, View } from "./output/view.ts";
import type { Session } from "./session.ts";

type Handler = (this: Command, ...given: unknown[]) => Promise<void>;

/** The action of a command with one result. `run` gets the arguments, then the options. */
export function action<Given extends readonly unknown[], Result>(
  session: Session,
  run: (session: Session, ...given: Given) => Promise<Result>,
  view: View<Result>,
): Handler {
  return handler(session, async (given, rendering) => {
    const result = await untilAborted(session, run(session, ...(given as unknown as Given)));
    await renderResult(session, view, result, rendering);
    const problem = "problem" in view ? view.problem?.(result) : undefined;
    if (problem !== undefined) throw problem;
  });
}

/** What a command that can be repeated (`--watch`) finds among its options. */
interface WatchOptions {
  readonly watch?: boolean;
  readonly every?: number;
}

const WATCH_MS_DEFAULT = 1000;
const CLEAR_SCREEN = "\u001b[H\u001b[2J\u001b[3J";

/** As `action`, and with `--watch` again and again until the person interrupts; an unreachable segment does not end it. */
export function watchAction<Given extends readonly unknown[], Result>(
  session: Session,
  run: (session: Session, ...given: Given) => Promise<Result>,
  view: View<Result>,
): Handler {
  const { stdout } = session.parts;
  const once = async (given: readonly unknown[], rendering: Rendering, isWatch: boolean) => {
    const result = await run(session, ...(given as unknown as Given));
    if (isWatch && stdout.isTerminal) await stdout.write(CLEAR_SCREEN);
    await renderResult(session, view, result, rendering);
  };
  return handler(session, async (given, rendering) => {
    const { watch, every = WATCH_MS_DEFAULT } = given.at(-1) as WatchOptions;
    await untilAborted(session, once(given, rendering, watch === true));
    while (watch === true) {
      await session.clock.sleep(every, session.signal);
      if (session.signal.aborted) throw new EfsError("CANCELLED", "interrupted");
      await untilAborted(
        session,
        once(given, rendering, true).catch((thrown) => tellUnlessBroken(session, thrown)),
      );
    }
  });
}

async function tellUnlessBroken(session: Session, thrown: unknown): Promise<void> {
  const isAway = thrown instanceof EfsError && (thrown.kind === "unavailable" || thrown.kind === "timeout");
  if (!isAway) throw thrown;
  await session.talk.failure("watching", thrown);
}

/** The action of a command whose result is a list, page by page. */
export function listAction<Given extends readonly unknown[], Item>(
  session: Session,
  run: (session: Session, ...given: Given) => Pages<Item>,
  view: ListView<Item>,
): Handler {
  return handler(session, (given, rendering) =>
    untilAborted(
      session,
      renderPages(session, view, run(session, ...(given as unknown as Given)), rendering),
    ),
  );
}

function handler(
  session: Session,
  work: (given: readonly unknown[], rendering: Rendering) => Promise<void>,
): Handler {
  return async function handle(this: Command, ...given) {
    const rendering: Rendering = { ...renderingOf(this), schema: schemaOf(this) };
    await session.open(connectionFlagsOf(this));
    try {
      // Commander hands over the arguments, the options, and last the command itself.
      await work(given.slice(0, -1), rendering);
    } finally {
      await session.close();
    }
  };
}

/** `efscli.bucket.list/1`. */
function schemaOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(".")}/1`;
}

const CLEANUP_MS_MAX = 2000;

/** The work's result; once the person interrupts, CANCELLED after the work has had a moment to tidy up. */
async function untilAborted<T>(session: Session, work: Promise<T>): Promise<T> {
  const { signal, clock } = session;
  let stopWaiting = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => {
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      void Promise.race([settled, clock.sleep(CLEANUP_MS_MAX)]).then(() =>
        reject(new EfsError("CANCELLED", "interrupted")),
      );
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    stopWaiting = () => signal.removeEventListener("abort", onAbort);
  });
  aborted.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stopWaiting();
  }
}
