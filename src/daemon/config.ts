/**
 * The optional configuration: `efsd.conf` (TOML) in the data directory, or the file of `--config`. What the command line says wins. An
 * unknown key, a wrong type or a file that cannot be read is BAD_CONFIG naming the key. Paths are relative to the file.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse, TomlError } from "smol-toml";
import { EfsError, systemCode } from "../base/errors.ts";
import type { LogLevel } from "../base/log.ts";
import { isSegmentName, LOG_LEVELS, SEGMENT_NAME_LENGTH_MAX } from "./arguments.ts";

export const CONFIG_FILE = "efsd.conf";

const UPLOAD_DAYS_MAX = 36_500;

export interface DaemonConfig {
  readonly name?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  /** Days without a new part after which uploads end; 0: never. */
  readonly idleUploadDays?: number | undefined;
  readonly admin: {
    /** `host:port`. */
    readonly listen?: string | undefined;
    /** Absolute paths of PEM files; both or none. */
    readonly tlsCertificate?: string | undefined;
    readonly tlsKey?: string | undefined;
  };
}

/** @throws BAD_CONFIG */
export async function readConfig(options: {
  readonly dataDirectory: string;
  /** Of `--config`: this file must be there. */
  readonly file: string | undefined;
}): Promise<DaemonConfig> {
  const file = path.resolve(options.file ?? path.join(options.dataDirectory, CONFIG_FILE));
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const code = systemCode(cause);
    if (options.file === undefined && (code === "ENOENT" || code === "ENOTDIR")) return { admin: {} };
    throw new EfsError("BAD_CONFIG", `cannot read ${file} (${code ?? "unknown cause"})`, { cause });
  }
  return parseConfig(text, file);
}

/** @throws BAD_CONFIG */
export function parseConfig(text: string, file: string): DaemonConfig {
  const top = new Section(parseToml(text, file), "", file);
  const admin = new Section(top.table("admin"), "admin.", file);
  const config: DaemonConfig = {
    name: top.text("name", isSegmentName, `1 to ${SEGMENT_NAME_LENGTH_MAX} characters`),
    logLevel: top.oneOf("log-level", LOG_LEVELS),
    idleUploadDays: top.count("expire-uploads-after-days", UPLOAD_DAYS_MAX),
    admin: {
      listen: admin.text("listen"),
      tlsCertificate: admin.file("tls-certificate"),
      tlsKey: admin.file("tls-key"),
    },
  };
  top.end();
  admin.end();
  if ((config.admin.tlsCertificate === undefined) !== (config.admin.tlsKey === undefined)) {
    throw new EfsError(
      "BAD_CONFIG",
      `${file}: admin.tls-certificate and admin.tls-key go together, one is missing`,
    );
  }
  return config;
}

function parseToml(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = cause.message.split("\n")[0];
    throw new EfsError("BAD_CONFIG", `${file}:${cause.line}:${cause.column}: ${what}`, { cause });
  }
}

/** One table of the file; what nobody asked for is unknown. */
class Section {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #file: string;
  readonly #known = new Set<string>();

  constructor(values: Readonly<Record<string, unknown>>, prefix: string, file: string) {
    this.#values = values;
    this.#prefix = prefix;
    this.#file = file;
  }

  table(key: string): Readonly<Record<string, unknown>> {
    const value = this.#take(key) ?? {};
    if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.#wrong(key, "a table is expected");
  }

  text(
    key: string,
    isValid: (text: string) => boolean = (text) => text !== "",
    expected = "a text",
  ): string | undefined {
    const value = this.#take(key);
    if (value === undefined || (typeof value === "string" && isValid(value))) return value;
    throw this.#wrong(key, `${expected} is expected`);
  }

  oneOf<Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const value = this.#take(key);
    const word = words.find((candidate) => candidate === value);
    if (value !== undefined && word === undefined)
      throw this.#wrong(key, `one of ${words.join(", ")} is expected`);
    return word;
  }

  /** A whole number from 0. */
  count(key: string, max: number): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
    throw this.#wrong(key, `a whole number from 0 to ${max} is expected`);
  }

  file(key: string): string | undefined {
    const value = this.text(key);
    return value === undefined ? undefined : path.resolve(path.dirname(this.#file), value);
  }

  /** @throws BAD_CONFIG naming a key that nobody asked for */
  end(): void {
    const unknown = Object.keys(this.#values).find((key) => !this.#known.has(key));
    if (unknown === undefined) return;
    const known = [...this.#known].map((key) => `${this.#prefix}${key}`).join(", ");
    throw new EfsError("BAD_CONFIG", `${this.#file}: unknown key ${this.#prefix}${unknown}`, {
      hint: `known are: ${known}`,
    });
  }

  #take(key: string): unknown {
    this.#known.add(key);
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  #wrong(key: string, expected: string): EfsError {
    return new EfsError("BAD_CONFIG", `${this.#file}: ${this.#prefix}${key}: ${expected}`);
  }
}
