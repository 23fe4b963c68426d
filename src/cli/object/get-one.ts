/** One object into a file, a device or stdout. */
import type { Stats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { GetObjectOptions, ObjectInfo } from "../../api/object.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { type SplitObject, splitObject } from "../arguments.ts";
import { forTerminal } from "../output/escape.ts";
import type { Session } from "../session.ts";
import { type Range, resolveRange } from "./byte-range.ts";
import { whileMoving } from "./moving.ts";

export interface GetOneOptions {
  readonly range?: Range;
  readonly versionId?: string;
  readonly clobber?: boolean;
}

export interface Gotten {
  /** `-` for stdout. */
  readonly file: string;
  readonly info: ObjectInfo;
  /** For stdout; undefined: it is in the file. */
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
}

/** @throws what the segment says; EXISTS, DENIED, IO, NO_SPACE for the file; USAGE when the name cannot be a file's */
export async function getOne(
  session: Session,
  path: string,
  file: string | undefined,
  options: GetOneOptions,
): Promise<Gotten> {
  const { bucket, name } = splitObject(path);
  const place = file === "-" ? undefined : await placeFor(name, file);
  if (place?.stats !== undefined && options.clobber === false) {
    throw new EfsError("EXISTS", `${forTerminal(place.path)} is there already`);
  }
  const query = await wanted(session, { bucket, name }, options);
  const { body, info, startByte, endByte } = await session.api.getObject(bucket, name, query);
  if (place === undefined) return { file: "-", info, bytes: body };
  await whileMoving(session, { what: "written", totalBytes: endByte - startByte }, (watched) =>
    writeTo(session, place, { body: watched(body), isNew: options.clobber === false }),
  );
  return { file: place.path, info, bytes: undefined };
}

async function wanted(
  session: Session,
  { bucket, name }: SplitObject,
  { range, versionId }: GetOneOptions,
): Promise<GetObjectOptions> {
  if (range === undefined) return { versionId };
  // The range is meant of the version whose size was looked at.
  const shown = await session.api.showObject(bucket, name, versionId);
  return { versionId: shown.versionId, ...resolveRange(range, shown.sizeBytes) };
}

interface Place {
  readonly path: string;
  /** undefined: nothing is there. */
  readonly stats: Stats | undefined;
}

async function placeFor(name: string, file: string | undefined): Promise<Place> {
  const last = name.split("/").at(-1) ?? "";
  const isFileName = last !== "" && last !== "." && last !== "..";
  if (file !== undefined) {
    const stats = await statOf(file);
    if (stats?.isDirectory() !== true)
      return { path: stats === undefined ? file : await realpath(file), stats };
  }
  if (!isFileName) {
    throw new EfsError("USAGE", `the last part of "${forTerminal(name)}" is no file name`, {
      hint: "say where to: efscli object get PATH FILE",
    });
  }
  const path = file === undefined ? last : join(file, last);
  const stats = await statOf(path);
  if (stats?.isDirectory()) throw new EfsError("EXISTS", `${forTerminal(path)} is a directory`);
  return { path: stats === undefined ? path : await realpath(path), stats };
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (systemCode(thrown) === "ENOENT") return undefined;
    const { local } = await import("../tree/write-file.ts");
    return local(path, () => Promise.reject(thrown));
  }
}

async function writeTo(
  session: Session,
  { path, stats }: Place,
  { body, isNew }: { readonly body: AsyncIterable<Uint8Array>; readonly isNew: boolean },
): Promise<void> {
  const { local, pourInto, writeFileWhole } = await import("../tree/write-file.ts");
  const { signal } = session;
  if (stats === undefined || stats.isFile()) {
    const mode = stats === undefined ? undefined : stats.mode & 0o7777;
    return writeFileWhole(path, { body, mode, isNew, isDurable: true, signal });
  }
  // A device or a pipe is written into, never replaced.
  const handle = await local(path, () => open(path, "w"));
  try {
    await pourInto(handle, path, { body, signal });
  } finally {
    await handle.close();
  }
}
