/** Secrets come from a file or stdin, never from an argument, where every user of the machine could read them. */
import { open } from "node:fs/promises";
import { fromUtf8 } from "../base/bytes.ts";
import { EfsError, systemCode } from "../base/errors.ts";
import { SETTING_VALUE_BYTES_MAX } from "../model/limits.ts";
import { forTerminal } from "./output/escape.ts";
import type { Session } from "./session.ts";

/** The text of the file, or of stdin for `-`, without the newline at its end. @throws FILE_NOT_FOUND, DENIED, BAD_VALUE, TOO_LARGE */
export async function readSecret(session: Session, file: string): Promise<string> {
  const limit = {
    what: file === "-" ? "stdin" : `file ${forTerminal(file)}`,
    bytesMax: SETTING_VALUE_BYTES_MAX,
  };
  return textOf(file === "-" ? await drain(session.stdin, limit) : await readWhole(file, limit), limit);
}

/** As readSecret, of a file. */
export async function readSecretFile(file: string, bytesMax: number): Promise<string> {
  const limit = { what: `file ${forTerminal(file)}`, bytesMax };
  return textOf(await readWhole(file, limit), limit);
}

interface Limit {
  readonly what: string;
  readonly bytesMax: number;
}

function textOf(bytes: Uint8Array, { what }: Limit): string {
  const text = fromUtf8(bytes)?.replace(/\r?\n$/, "");
  if (text === undefined) throw new EfsError("BAD_VALUE", `the secret in ${what} is not UTF-8 text`);
  if (text === "") throw new EfsError("BAD_VALUE", `the secret in ${what} is empty`);
  return text;
}

async function readWhole(file: string, limit: Limit): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      return await drain(handle.createReadStream({ autoClose: false }), limit);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (thrown instanceof EfsError) throw thrown;
    const code = systemCode(thrown);
    const kind = code === "EACCES" ? "DENIED" : "FILE_NOT_FOUND";
    throw new EfsError(kind, `cannot read ${limit.what}: ${code ?? "failed"}`, { cause: thrown });
  }
}

async function drain(
  source: AsyncIterable<Uint8Array | string>,
  { what, bytesMax }: Limit,
): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of source) {
    parts.push(Buffer.from(part));
    sizeBytes += part.length;
    // A newline at the end may go beyond what a value may have.
    if (sizeBytes > bytesMax + 2) {
      throw new EfsError("TOO_LARGE", `the secret in ${what} is longer than ${bytesMax} bytes`);
    }
  }
  return Buffer.concat(parts);
}
