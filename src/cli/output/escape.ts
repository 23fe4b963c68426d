/** Text from outside made harmless: on terminals, in tab-separated lines, in JSON. */
import { escapeName } from "../../model/names.ts";

/** For people: control characters and text-direction tricks as `\xNN` or `\u{…}`, a backslash doubled. */
export const forTerminal = escapeName;

/** For lines of fields: tab, newline and return as `\t`, `\n`, `\r`, other control characters as `\xNN`, a backslash doubled. */
export function forTsv(text: string): string {
  // Most names are plain: one test spares them three passes.
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(text)) return text;
  return escapeName(text).replace(/(\\\\)|\\x(09|0a|0d)/g, (whole, backslash: string, code: string) =>
    backslash === undefined ? ({ "09": "\\t", "0a": "\\n", "0d": "\\r" }[code] ?? whole) : whole,
  );
}

/** JSON that is also safe to look at: what a terminal could obey is escaped as \uXXXX. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
