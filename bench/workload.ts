/**
 * What is replicated, from a seed: a tree of small files and a disk image, and the changes that are made to them. The shares are
 * those of a Linux source tree with binaries among it, and of a virtual machine's disk. `scale` 1 is the full size.
 */
import { createWriteStream } from "node:fs";
import { copyFile, mkdir, open, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { type Random, seededRandom } from "../src/base/random.ts";
import { incompressibleBytes, SourceWriter } from "./text.ts";

export interface TreeFacts {
  readonly files: readonly string[];
  readonly totalBytes: number;
  /** Bytes under `drivers/`, the directory that is renamed. */
  readonly driversBytes: number;
}

const SEED = 20191225;
const TREE_FILES = 20_000;
const SOURCE_SHARE = 0.85;
const SOURCE_MEAN_BYTES = 11_350;
const BLOB_MEAN_BYTES = 22_700;
const DRIVERS_SHARE = 0.55;
const IMAGE_BYTES = 1024 * 1024 * 1024;
const PAGE = 4096;

/** The tree under `root`; modification times lie in the past, so that no later edit falls into the same second. */
export async function makeTree(root: string, scale: number): Promise<TreeFacts> {
  const random = seededRandom(SEED);
  const writer = new SourceWriter(SEED);
  const files: string[] = [];
  let totalBytes = 0;
  let driversBytes = 0;
  const made = new Set<string>();
  const past = new Date("2019-12-25T00:00:00Z");
  for (let index = 0; index < TREE_FILES * scale; index += 1) {
    const isSource = random.fraction() < SOURCE_SHARE;
    const mean = isSource ? SOURCE_MEAN_BYTES : BLOB_MEAN_BYTES;
    const sizeBytes = 120 + Math.round((mean - 120) * -Math.log(1 - random.fraction()));
    const top = random.fraction() < DRIVERS_SHARE ? "drivers" : pick(random, TOPS);
    const name = `${top}/${pick(random, MIDDLES)}${Math.floor(random.fraction() * 20)}/file${index}.${isSource ? "c" : "bin"}`;
    const directory = path.join(root, path.dirname(name));
    if (!made.has(directory)) await mkdir(directory, { recursive: true });
    made.add(directory);
    await writeFile(
      path.join(root, name),
      isSource ? writer.text(sizeBytes) : incompressibleBytes(SEED + index, sizeBytes),
    );
    await utimes(path.join(root, name), past, past);
    files.push(name);
    totalBytes += sizeBytes;
    if (top === "drivers") driversBytes += sizeBytes;
  }
  return { files, totalBytes, driversBytes };
}

/** 1 % of the files: of ten, four get 20 bytes overwritten, four a line put in, one 1 KiB appended, one only a new time. */
export async function editTree(root: string, facts: TreeFacts): Promise<readonly string[]> {
  const random = seededRandom(SEED + 1);
  const chosen = new Set<string>();
  while (chosen.size < facts.files.length / 100) chosen.add(pick(random, facts.files));
  let index = 0;
  for (const name of chosen) {
    const file = path.join(root, name);
    const before = await readFile(file);
    const place = Math.floor(random.fraction() * Math.max(1, before.length - 20));
    const turn = index % 10;
    index += 1;
    if (turn < 4) Buffer.from(random.bytes(20)).copy(before, place);
    let after = before;
    if (turn >= 4 && turn < 8) {
      const line = Buffer.from(`\tinserted_line(${index}, ${Math.floor(random.fraction() * 1e6)});\n`);
      after = Buffer.concat([before.subarray(0, place), line, before.subarray(place)]);
    }
    if (turn === 8) after = Buffer.concat([before, random.bytes(1024)]);
    await writeFile(file, after);
  }
  return [...chosen];
}

export async function renameDirectory(root: string): Promise<void> {
  await rename(path.join(root, "drivers"), path.join(root, "moved-drivers"));
}

/** The disk image: 20 % zeros, 50 % source at 4 KiB alignment, 20 % random, 10 % repeats of what came before. */
export async function makeImage(file: string, scale: number): Promise<number> {
  const random = seededRandom(SEED + 2);
  const writer = new SourceWriter(SEED + 2);
  const imageBytes = Math.floor((IMAGE_BYTES * scale) / PAGE) * PAGE;
  const stream = createWriteStream(file, { highWaterMark: 8 * 1024 * 1024 });
  const earlier: Buffer[] = [];
  let written = 0;
  while (written < imageBytes) {
    const extentBytes = Math.min(PAGE * (8 + Math.floor(random.fraction() * 248)), imageBytes - written);
    const extent = makeExtent({ random, writer, earlier, written }, extentBytes);
    if (!stream.write(extent)) await new Promise<void>((resolve) => stream.once("drain", resolve));
    written += extentBytes;
  }
  stream.end();
  await finished(stream);
  return imageBytes;
}

interface ImageState {
  readonly random: Random;
  readonly writer: SourceWriter;
  /** Some extents to repeat from. */
  readonly earlier: Buffer[];
  readonly written: number;
}

function makeExtent({ random, writer, earlier, written }: ImageState, extentBytes: number): Buffer {
  const kind = random.fraction();
  if (kind < 0.2) return Buffer.alloc(extentBytes);
  if (kind < 0.3 && earlier.length > 0) {
    const repeated = pick(random, earlier);
    return Buffer.concat(
      Array.from({ length: Math.ceil(extentBytes / repeated.length) }, () => repeated),
      extentBytes,
    );
  }
  const extent = Buffer.alloc(extentBytes);
  if (kind < 0.5) {
    incompressibleBytes(SEED + written / PAGE, extentBytes).copy(extent);
  } else {
    for (let place = 0; place < extentBytes; ) {
      const fileBytes = 120 + Math.round(SOURCE_MEAN_BYTES * -Math.log(1 - random.fraction()));
      writer.text(Math.min(fileBytes, extentBytes - place)).copy(extent, place);
      place += Math.ceil(fileBytes / PAGE) * PAGE;
    }
  }
  if (earlier.length < 40 || random.fraction() < 0.1) {
    earlier[earlier.length < 40 ? earlier.length : Math.floor(random.fraction() * 40)] = extent;
  }
  return extent;
}

/** 100 times 4 KiB of new random bytes at random places, not aligned. */
export async function overwriteImage(file: string): Promise<void> {
  const random = seededRandom(SEED + 3);
  const handle = await open(file, "r+");
  const { size } = await handle.stat();
  for (let count = 0; count < 100; count += 1) {
    await handle.write(random.bytes(PAGE), 0, PAGE, Math.floor(random.fraction() * (size - PAGE)));
  }
  await handle.close();
}

/** 100 insertions of 1 to 64 bytes at random places: everything behind them shifts. */
export async function insertIntoImage(file: string): Promise<void> {
  const random = seededRandom(SEED + 4);
  const source = await open(file, "r");
  const { size } = await source.stat();
  const places = Array.from({ length: 100 }, () => Math.floor(random.fraction() * size)).sort(
    (a, b) => a - b,
  );
  const target = await open(`${file}.new`, "w");
  const buffer = Buffer.alloc(8 * 1024 * 1024);
  let at = 0;
  for (const place of [...places, size]) {
    while (at < place) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, place - at), at);
      await target.write(buffer, 0, bytesRead);
      at += bytesRead;
    }
    if (place < size) await target.write(random.bytes(1 + Math.floor(random.fraction() * 64)));
  }
  await source.close();
  await target.close();
  await rename(`${file}.new`, file);
}

/** 1 % more, random. */
export async function appendToImage(file: string): Promise<void> {
  const handle = await open(file, "a");
  const { size } = await handle.stat();
  await handle.write(incompressibleBytes(SEED + 5, Math.floor(size / 100)));
  await handle.close();
}

/** A live copy of the pristine tree, times kept. */
export async function copyTree(from: string, to: string, facts: TreeFacts): Promise<void> {
  await rm(to, { recursive: true, force: true });
  const past = new Date("2019-12-25T00:00:00Z");
  const made = new Set<string>();
  for (const name of facts.files) {
    const target = path.join(to, name);
    const directory = path.dirname(target);
    if (!made.has(directory)) await mkdir(directory, { recursive: true });
    made.add(directory);
    await copyFile(path.join(from, name), target);
    await utimes(target, past, past);
  }
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random.fraction() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

const TOPS = [
  "arch",
  "block",
  "crypto",
  "fs",
  "include",
  "kernel",
  "lib",
  "mm",
  "net",
  "sound",
  "tools",
] as const;
const MIDDLES = ["core", "hw", "soc", "proto", "test", "usb", "pci", "gpu"] as const;
