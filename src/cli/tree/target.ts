/**
 * Where an object's name leads inside a target directory, and that it never leads out: no `..`, no absolute name, no way through a
 * symbolic link. Directories are made as needed and checked once each; nobody else may change them meanwhile.
 */
import { lstat, mkdir } from "node:fs/promises";
import { EfsError, systemCode } from "../../base/errors.ts";
import { forTerminal } from "../output/escape.ts";
import { fileTrouble } from "./outcome.ts";
import { local } from "./write-file.ts";

const COMPONENT_BYTES_MAX = 255;

/** The parts of a name that is safe below a directory. @throws BAD_NAME */
export function safeParts(name: string): readonly string[] {
  const parts = name.split("/");
  for (const part of parts) {
    if (part === "") throw unsafe("it has an empty part, so it is no file name");
    if (part === "." || part === "..") throw unsafe(`a part of it is \`${part}\``);
    if (part.includes("\0")) throw unsafe("it has a NUL");
    if (Buffer.byteLength(part) > COMPONENT_BYTES_MAX) {
      throw unsafe(`a part of it is longer than ${COMPONENT_BYTES_MAX} bytes`);
    }
  }
  return parts;
}

function unsafe(reason: string): EfsError {
  return fileTrouble(
    new EfsError("BAD_NAME", `it cannot be a file here: ${reason}`, {
      hint: "get it alone, under a name of your own: efscli object get PATH FILE",
    }),
  );
}

export class TargetDirectory {
  readonly #root: string;
  readonly #checked = new Map<string, Promise<void>>();

  /** `root` is there already; it may be a symbolic link itself. */
  constructor(root: string) {
    this.#root = root.endsWith("/") ? root : `${root}/`;
  }

  /** The local path for a name, with its directories made. @throws BAD_NAME, EXISTS, DENIED, IO */
  async place(name: string): Promise<string> {
    const parts = safeParts(name);
    let directory = "";
    for (const part of parts.slice(0, -1)) {
      directory += `${part}/`;
      await this.#ensure(directory.slice(0, -1));
    }
    return `${this.#root}${name}`;
  }

  #ensure(directory: string): Promise<void> {
    const known = this.#checked.get(directory);
    if (known !== undefined) return known;
    const checking = this.#make(`${this.#root}${directory}`);
    this.#checked.set(directory, checking);
    // A directory that could not be made is tried again for the next name.
    checking.catch(() => this.#checked.delete(directory));
    return checking;
  }

  async #make(path: string): Promise<void> {
    try {
      await mkdir(path);
      return;
    } catch (thrown) {
      if (systemCode(thrown) !== "EEXIST") await local(path, () => Promise.reject(thrown));
    }
    const found = await local(path, () => lstat(path));
    if (found.isDirectory()) return;
    const what = found.isSymbolicLink() ? "a symbolic link, which might lead elsewhere" : "not a directory";
    throw fileTrouble(new EfsError("EXISTS", `${forTerminal(path)} is ${what}`));
  }
}
