/** A session for looking at the command tree only: it reaches no segment and shows nothing. */
import { AssertionFailure } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { openTalk } from "../output/talk.ts";
import { type Output, Session } from "../session.ts";

function refuse(): never {
  throw new AssertionFailure("a session for the command tree runs no command");
}

export function treeSession(): Session {
  const nowhere: Output = { write: async () => {}, isTerminal: false, columns: undefined };
  return new Session({
    stdout: nowhere,
    stderr: nowhere,
    stdin: refuse,
    environment: () => undefined,
    clock: systemClock,
    signal: new AbortController().signal,
    talk: openTalk(nowhere),
    connect: refuse,
  });
}
