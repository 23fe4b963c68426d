/**
 * Looks at LMDB's file before LMDB does: lmdb-js crashes the process when the file is not one of its own or is shorter
 * than it says. Layout by lmdb-js 3.5.6, `MDB_meta` in its mdb.c; two meta pages, little-endian as the machine is.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { EfsError, systemCode } from "../../base/errors.ts";

const PAGE_BYTES = 4096;
const META_PAGES = 2;
const FLAGS_AT = 18;
const META_FLAG = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
/** No index of ours is larger; keeps a damaged number from making a file without end. */
const PAGES_MAX = 2n ** 40n;

/** @throws RECORD_CORRUPT when the directory holds an index that LMDB would not survive */
export function checkIndexFile(directory: string): void {
  const name = path.join(directory, "data.mdb");
  const descriptor = openIfThere(name);
  if (descriptor === undefined) return;
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return;
    const head = Buffer.alloc(META_PAGES * PAGE_BYTES);
    const lengthBytes = readSync(descriptor, head, 0, head.length, 0);
    if (lengthBytes < head.length) throw damaged(name, "it is too short");
    const lastPages = [0, 1].map((page) => lastPageOf(head.subarray(page * PAGE_BYTES), name));
    const neededBytes = (Math.max(...lastPages) + 1) * PAGE_BYTES;
    // LMDB leaves out free pages at the end; reading one of a file that lost others would kill the process.
    if (size < neededBytes) ftruncateSync(descriptor, neededBytes);
  } finally {
    closeSync(descriptor);
  }
}

function openIfThere(name: string): number | undefined {
  try {
    return openSync(name, "r+");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function lastPageOf(meta: Buffer, name: string): number {
  const isOurs =
    (meta.readUInt16LE(FLAGS_AT) & META_FLAG) !== 0 &&
    meta.readUInt32LE(MAGIC_AT) === MAGIC &&
    (meta.readUInt32LE(VERSION_AT) & 0xffff) === VERSION &&
    meta.readUInt32LE(PAGE_SIZE_AT) === PAGE_BYTES;
  if (!isOurs) throw damaged(name, "a meta page is not one");
  const lastPage = meta.readBigUInt64LE(LAST_PAGE_AT);
  if (lastPage > PAGES_MAX) throw damaged(name, "a meta page names a page that cannot be");
  return Number(lastPage);
}

function damaged(name: string, why: string): EfsError {
  return new EfsError("RECORD_CORRUPT", `${name} is damaged: ${why}`, {
    hint: "restore it, or take the data from a linked segment",
  });
}
