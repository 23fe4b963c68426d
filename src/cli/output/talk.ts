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

export function openTalk(stderr: Output): Talk {
  let running: { readonly clear: () => void } | undefined;
  const write = async (text: string) => {
    running?.clear();
    await stderr.write(text);
  };
  return {
    say: (text) => write(`efscli: ${text}\n`),
    failure: (what, error) =>
      write(`efscli: ${forTerminal(what)}: ${printable(error.message)} (${error.code})\n`),
    async progress(line) {
      if (!stderr.isTerminal) return { stop: () => {} };
      const { showProgress } = await import("./progress.ts");
      const shown = showProgress(line);
      running = shown;
      return {
        stop: () => {
          running = undefined;
          shown.stop();
        },
      };
    },
  };
}

/** A message with names in it: control characters are escaped, backslashes are left, since names in it are escaped already. */
export function printable(message: string): string {
  return message.split("\\").map(forTerminal).join("\\");
}
