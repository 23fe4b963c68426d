/** Secrets come from a file or stdin, never from an argument, where every user of the machine could read them. */
import { open } from "node:fs/promises";
import { fromUtf8 } from "../base/bytes.ts";
import { EfsError, systemCode } from "../base/errors.ts";
import { SETTING_VALUE_BYTES_MAX } from "../model/limits.ts";
import { forTerminal } from "./output/escape.ts";
import type { Session } from "./session.ts";

/** The text of the file, or of stdin for `-`, without the newline at its end. @throws FILE_NOT_FOUND, BAD_VALUE, TOO_LARGE */
export async function readSecret(session: Session, file: string): Promise<string> {
  const what = file === "-" ? "stdin" : `file ${forTerminal(file)}`;
  const bytes = file === "-" ? await drain(session.stdin, what) : await readWhole(file, what);
  const text = fromUtf8(bytes)?.replace(/\r?\n$/, "");
  if (text === undefined) throw new EfsError("BAD_VALUE", `the secret in ${what} is not UTF-8 text`);
  if (text === "") throw new EfsError("BAD_VALUE", `the secret in ${what} is empty`);
  return text;
}

async function readWhole(file: string, what: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      return await drain(handle.createReadStream({ autoClose: false }), what);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (thrown instanceof EfsError) throw thrown;
    const code = systemCode(thrown);
    throw new EfsError(
      code === "EACCES" ? "DENIED" : "FILE_NOT_FOUND",
      `cannot read ${what}: ${code ?? "failed"}`,
      {
        cause: thrown,
      },
    );
  }
}

async function drain(source: AsyncIterable<Uint8Array | string>, what: string): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of source) {
    parts.push(Buffer.from(part));
    sizeBytes += part.length;
    // A newline at the end may go beyond what a value may have.
    if (sizeBytes > SETTING_VALUE_BYTES_MAX + 2) {
      throw new EfsError(
        "TOO_LARGE",
        `the secret in ${what} is longer than ${SETTING_VALUE_BYTES_MAX} bytes`,
      );
    }
  }
  return Buffer.concat(parts);
}
