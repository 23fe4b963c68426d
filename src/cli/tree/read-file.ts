/**
 * Reads a regular file for a put, whole when it is small and as a stream when it is not, and notices when it changes meanwhile: the last
 * piece is handed on only when size and time are still what they were, so that a torn file is never stored.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { EfsError } from "../../base/errors.ts";
import { forTerminal } from "../output/escape.ts";
import { type FileFacts, factsOf } from "./attributes.ts";
import { fileTrouble } from "./outcome.ts";
import { readError } from "./walk.ts";

const WHOLE_BYTES_MAX = 256 * 1024;
const PIECE_BYTES = 1024 * 1024;
const UNSIZED_PIECE_BYTES = 16 * 1024;
const UNSIZED_BYTES_MAX = 16 * 1024 * 1024;

export interface OpenFile {
  readonly facts: FileFacts;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  /** False: a symbolic link is refused. */
  readonly followsLinks: boolean;
}

/** Opens the file, hands facts and body to `use`, closes it. @throws FILE_NOT_FOUND, DENIED, IO, CONFLICT (it changed) */
export async function withFile<T>(
  path: string,
  options: ReadOptions,
  use: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const handle = await openRegular(path, options);
  try {
    const facts = factsOf(await handle.stat({ bigint: true }));
    if (facts.sizeBytes === 0) return await use(await unsized(handle, facts, path));
    const pieces = piecesOf(handle, facts, path);
    const body = facts.sizeBytes <= WHOLE_BYTES_MAX ? await whole(pieces, facts.sizeBytes) : pieces;
    return await use({ facts, body });
  } finally {
    await handle.close();
  }
}

/** A file that says it is empty: files of /proc and /sys say so and are not. */
async function unsized(handle: FileHandle, facts: FileFacts, path: string): Promise<OpenFile> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const buffer = Buffer.allocUnsafeSlow(UNSIZED_PIECE_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch((thrown: unknown) => {
      throw fileTrouble(readError(thrown, "file", path));
    });
    if (bytesRead === 0) break;
    parts.push(buffer.subarray(0, bytesRead));
    sizeBytes += bytesRead;
    if (sizeBytes > UNSIZED_BYTES_MAX) throw changed(path);
  }
  return { facts: { ...facts, sizeBytes }, body: Buffer.concat(parts) };
}

async function openRegular(path: string, options: ReadOptions): Promise<FileHandle> {
  // Without O_NONBLOCK a FIFO that took the file's place would hold us for ever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (options.followsLinks ? 0 : constants.O_NOFOLLOW);
  try {
    return await open(path, flags);
  } catch (thrown) {
    throw fileTrouble(readError(thrown, "file", path));
  }
}

async function whole(pieces: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, sizeBytes);
}

async function* piecesOf(handle: FileHandle, before: FileFacts, path: string): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for (let offset = 0; offset < before.sizeBytes; offset += held.length) {
    if (held !== undefined) yield held;
    held = await readPiece(handle, { offset, sizeBytes: before.sizeBytes, path });
  }
  const after = factsOf(await handle.stat({ bigint: true }));
  if (after.sizeBytes !== before.sizeBytes || after.mtimeNs !== before.mtimeNs) throw changed(path);
  if (held !== undefined) yield held;
}

async function readPiece(
  handle: FileHandle,
  at: { readonly offset: number; readonly sizeBytes: number; readonly path: string },
): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, at.sizeBytes - at.offset));
  let bytesRead: number;
  try {
    bytesRead = (await handle.read(buffer, 0, buffer.length, at.offset)).bytesRead;
  } catch (thrown) {
    throw fileTrouble(readError(thrown, "file", at.path));
  }
  if (bytesRead === 0) throw changed(at.path);
  return buffer.subarray(0, bytesRead);
}

function changed(path: string): EfsError {
  return fileTrouble(
    new EfsError("CONFLICT", `${forTerminal(path)} changes while it is read`, {
      hint: "try again when it is at rest",
    }),
  );
}
