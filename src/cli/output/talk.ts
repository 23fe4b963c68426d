/** Talk: what efscli says on stderr beside the data, and progress while a person watches. */
import type { EfsError } from "../../base/errors.ts";
import type { Output } from "../session.ts";
import { forTerminal } from "./escape.ts";

export interface Talk {
  /** `efscli: TEXT`. */
  say(text: string): Promise<void>;
  /** One failure of many, as `efscli: WHAT: REASON (CODE)`. */
  failure(what: string, error: EfsError): Promise<void>;
  /** Shows progress on a terminal and nothing elsewhere. `line` is asked for a few times a second. */
  progress(line: () => string): Promise<Progress>;
}

export interface Progress {
  /** Takes the progress line away. */
  stop(): void;
}

/** What is done sooner needs no progress line, nor the time to load what draws it. */
const PROGRESS_AFTER_MS = 300;

interface Shown {
  readonly clear: () => void;
  readonly stop: () => void;
}

export function openTalk(stderr: Output): Talk {
  let shown: Shown | undefined;
  const write = async (text: string) => {
    shown?.clear();
    await stderr.write(text);
  };
  return {
    say: (text) => write(`efscli: ${text}\n`),
    failure: (what, error) =>
      write(`efscli: ${forTerminal(what)}: ${printable(error.message)} (${error.code})\n`),
    async progress(line) {
      if (!stderr.isTerminal) return { stop: () => {} };
      let isOver = false;
      const show = async () => {
        const { showProgress } = await import("./progress.ts");
        if (!isOver) shown = showProgress(line);
      };
      const timer = setTimeout(() => void show(), PROGRESS_AFTER_MS);
      return {
        stop: () => {
          isOver = true;
          clearTimeout(timer);
          shown?.stop();
          shown = undefined;
        },
      };
    },
  };
}

/** A message with names in it: control characters are escaped, backslashes are left, since names in it are escaped already. */
export function printable(message: string): string {
  return message.split("\\").map(forTerminal).join("\\");
}
