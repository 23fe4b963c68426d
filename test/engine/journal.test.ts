/** The journal by itself: its bytes, its two files, what it takes for torn and what for damaged. */
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Health } from "../../src/engine/local/health.ts";
import { JOURNAL_FILE_BYTES, Journal } from "../../src/engine/local/journal.ts";
import {
  type Change,
  decodeChanges,
  encodeChanges,
  encodeFrameHeader,
} from "../../src/engine/local/journal-frame.ts";
import { SimulatedDisk } from "../sim/disk.ts";
import { codeOf, value } from "./support.ts";

const SALT = 0x0123456789abcdefn;

interface Opened {
  readonly journal: Journal;
  readonly changes: readonly Change[];
}

async function open(
  disk: SimulatedDisk,
  options: { readonly applied?: bigint; readonly fileBytes?: number } = {},
): Promise<Opened> {
  const { applied = 0n, fileBytes = 1024 * 1024 } = options;
  const health = new Health(silentLog);
  const changes: Change[] = [];
  const journal = await Journal.open(
    { disk, directory: "/data", health, salt: SALT, applied, fileBytes },
    (frame) => changes.push(...frame),
  );
  return { journal, changes };
}

function frame(name: string, sizeBytes = 10): Uint8Array {
  return encodeChanges(new Map([[name, new Uint8Array(sizeBytes).fill(1)]]));
}

const names = (changes: readonly Change[]) => changes.map(([name]) => name);

describe("the journal", () => {
  it("gives back the changes after those that were applied, in order", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    for (const name of ["a", "b", "c"]) await journal.append(frame(name));
    await journal.append(
      encodeChanges(
        new Map([
          ["d", undefined],
          ["e", value("")],
        ]),
      ),
    );
    const { changes } = await open(disk.afterPowerLoss("nothing", seededRandom(1)), { applied: 1n });
    expect(names(changes)).toEqual(["b", "c", "d", "e"]);
    expect(changes.slice(2)).toEqual([
      ["d", undefined],
      ["e", value("")],
    ]);
  });

  it("goes on with the next sequence after it was opened anew, and survives many openings", async () => {
    const disk = new SimulatedDisk();
    for (const name of ["a", "b", "c", "d"]) {
      const { journal } = await open(disk);
      await journal.append(frame(name));
    }
    expect(names((await open(disk)).changes)).toEqual(["a", "b", "c", "d"]);
  });

  it("reads no more of a file than one of its own can have, however long it is", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    await journal.append(frame("a"));
    const openFile = disk.open.bind(disk);
    let readBytes = 0;
    disk.open = async (name, options) => {
      const file = await openFile(name, options);
      const read = (offset: number, lengthBytes: number) => {
        readBytes = Math.max(readBytes, lengthBytes);
        return file.read(offset, lengthBytes);
      };
      return { ...file, read, sizeBytes: async () => 5 * 2 ** 30 };
    };
    expect(names((await open(disk)).changes)).toEqual(["a"]);
    expect(readBytes).toBe(JOURNAL_FILE_BYTES);
  });

  it("takes a last frame that is torn anywhere for one that was never written", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    await journal.append(frame("a"));
    await journal.append(frame("b", 9000));
    for (let at = 4096; at < 4096 + 32 + 9000; at += 512) {
      const torn = disk.afterPowerLoss("everything", seededRandom(1));
      torn.bytesOf("/data/journal-0").fill(0, at, at + 512);
      const { journal: again, changes } = await open(torn);
      expect(names(changes)).toEqual(["a"]);
      await again.append(frame("c"));
      expect(names((await open(torn)).changes)).toEqual(["a", "c"]);
    }
  });

  it("refuses to open when a frame before the last is damaged, and changes nothing", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    for (const name of ["a", "b", "c"]) await journal.append(frame(name));
    for (const at of [0, 5, 20, 33, 4096, 4096 + 40]) {
      const damaged = disk.afterPowerLoss("everything", seededRandom(1));
      const bytes = damaged.bytesOf("/data/journal-0");
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const before = bytes.slice();
      expect(await codeOf(open(damaged))).toBe("RECORD_CORRUPT");
      expect(equalBytes(damaged.bytesOf("/data/journal-0"), before)).toBe(true);
    }
  });

  it("refuses to open when a bit of the last frame flipped: a write that was torn looks otherwise", async () => {
    for (const before of [0, 1, 3]) {
      const disk = new SimulatedDisk();
      const fileBytes = 3 * 4096;
      const { journal } = await open(disk, { fileBytes });
      for (let count = 0; count < before; count += 1) await journal.append(frame(`k${count}`));
      await journal.append(frame("last", 700));
      const name = before === 3 ? "/data/journal-1" : "/data/journal-0";
      const start = before === 3 ? 0 : before * 4096;
      for (let at = start; at < start + 32 + 700; at += 1) {
        const bytes = disk.bytesOf(name);
        const bit = 1 << (at % 8);
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        expect(await codeOf(open(disk, { fileBytes }))).toBe("RECORD_CORRUPT");
        bytes[at] = (bytes[at] ?? 0) ^ bit;
      }
      expect((await open(disk, { fileBytes })).changes.length).toBe(before + 1);
    }
  });

  it("does so however long the frame is, and opens when it was torn", async () => {
    const random = seededRandom(7);
    const changes = new Map<string, Uint8Array>();
    for (let count = 0; count < 4000; count += 1) changes.set(`key-${count}`, random.bytes(500));
    const payload = encodeChanges(changes);
    const options = { fileBytes: 4 * 1024 * 1024 };
    const disk = new SimulatedDisk();
    const { journal } = await open(disk, options);
    await journal.append(payload);
    const bytes = disk.bytesOf("/data/journal-0");
    for (let count = 0; count < 12; count += 1) {
      const at = Math.floor(random.fraction() * (32 + payload.length));
      const bit = 1 << Math.floor(random.fraction() * 8);
      bytes[at] = (bytes[at] ?? 0) ^ bit;
      expect([at, await codeOf(open(disk, options))]).toEqual([at, "RECORD_CORRUPT"]);
      bytes[at] = (bytes[at] ?? 0) ^ bit;
    }
    for (let count = 0; count < 40; count += 1) {
      const sector = 512 * (1 + Math.floor(random.fraction() * Math.floor(payload.length / 512)));
      const kept = bytes.slice(sector, sector + 512);
      // What was there before: zeros, or another frame's bytes.
      bytes.set(count % 2 === 0 ? new Uint8Array(512) : random.bytes(512), sector);
      expect([sector, (await open(disk, options)).changes.length]).toEqual([sector, 0]);
      bytes.set(kept, sector);
    }
    expect((await open(disk, options)).changes.length).toBe(4000);
  }, 60_000);

  it("takes a last frame for torn that lacks a sector in which it had one bit", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    // The last of its 513 bytes is 1.
    const payload = encodeChanges(new Map([["k", new Uint8Array(476).fill(1)]]));
    await journal.append(payload);
    const bytes = disk.bytesOf("/data/journal-0");
    expect([32 + payload.length, bytes[512]]).toEqual([513, 1]);
    bytes[512] = 0;
    expect((await open(disk)).changes).toEqual([]);
  });

  it("opens over a damaged frame that was applied already", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    for (const name of ["a", "b", "c"]) await journal.append(frame(name));
    disk.bytesOf("/data/journal-0")[0] = 0;
    expect(names((await open(disk, { applied: 1n })).changes)).toEqual(["b", "c"]);
  });

  it("uses its two files in turn, and a file again only when what it held was released", async () => {
    const disk = new SimulatedDisk();
    const fileBytes = 4 * 4096;
    const { journal } = await open(disk, { fileBytes });
    let count = 0;
    for (; journal.hasRoom(10); count += 1) await journal.append(frame(`k${count}`));
    expect(count).toBe(8);
    journal.release(4n);
    expect(journal.hasRoom(10)).toBe(true);
    for (; journal.hasRoom(10); count += 1) await journal.append(frame(`k${count}`));
    expect(count).toBe(12);
    const { changes } = await open(disk, { applied: 4n, fileBytes });
    expect(names(changes)).toEqual(["k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11"]);
  });

  it("does not take for a frame what somebody stored in a value, nor a frame of another directory", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    const forged = new Uint8Array(3 * 4096);
    const payload = frame("forged");
    forged.set(encodeFrameHeader(SALT + 1n, 3n, payload), 4096 - 32 - 5);
    await journal.append(encodeChanges(new Map([["a", forged]])));
    const torn = disk.afterPowerLoss("everything", seededRandom(1));
    torn.bytesOf("/data/journal-0")[40] = 0xff;
    expect(names((await open(torn)).changes)).toEqual([]);
  });

  it("keeps what was answered when a full disk cut off a frame behind which another file was begun", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    let count = 0;
    const append = async (sizeBytes: number) => {
      await journal.append(frame(`k${count}`, sizeBytes));
      count += 1;
    };
    // Into the second file, up to where it has to grow for the last time.
    while (disk.bytesOf("/data/journal-1").length < 500_000) await append(100_000);
    journal.release(BigInt(count));
    const applied = BigInt(count);
    const used = () => disk.names().reduce((sum, name) => sum + disk.bytesOf(name).length, 0);
    while (disk.bytesOf("/data/journal-1").length < 1024 * 1024) {
      // Room for the whole frame, and for none of the zeros behind it.
      disk.capacityBytes = used() + 6 * 4096;
      const isDone = await append(20_000).then(
        () => true,
        () => false,
      );
      disk.capacityBytes = Number.POSITIVE_INFINITY;
      if (!isDone) break;
    }
    const before = count;
    count = 1000;
    const piece = new Uint8Array(250_000);
    await journal.append(encodeChanges(new Map(["x", "y", "large"].map((name) => [name, piece]))));
    const { changes } = await open(disk.afterPowerLoss("everything", seededRandom(1)), { applied });
    expect(names(changes).at(-1)).toBe("large");
    expect(names(changes).length).toBe(before - Number(applied) + 3);
  });

  it("that is lost, cut short or older than the tree is refused, not begun anew", async () => {
    const disk = new SimulatedDisk();
    const { journal } = await open(disk);
    for (const name of ["a", "b"]) await journal.append(frame(name));
    const older = disk.bytesOf("/data/journal-0").slice();
    await journal.append(frame("c"));
    for (const bytes of [new Uint8Array(0), older.subarray(0, 4096), older]) {
      const found = new SimulatedDisk();
      const file = await found.open("/data/journal-0", { create: true });
      await file.write(0, [bytes]);
      expect(await codeOf(open(found, { applied: 3n }))).toBe("RECORD_CORRUPT");
    }
    expect((await open(disk, { applied: 3n })).changes).toEqual([]);
  });

  it("opens after any power loss in the first frame behind those that are all applied", async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const disk = new SimulatedDisk();
      const { journal } = await open(disk);
      await journal.append(frame("first", 20_000));
      const { journal: again } = await open(disk, { applied: 1n });
      disk.fault = (_step, kind) => (kind === "sync" ? "crash before" : undefined);
      await again.append(frame("second", 30_000)).catch(() => {});
      const { changes } = await open(disk.afterPowerLoss("some", seededRandom(seed)), { applied: 1n });
      expect([[], ["second"]]).toContainEqual(names(changes));
    }
  });

  it("decodes nothing but what it encodes: any cut or operation that is unknown is refused", () => {
    const payload = encodeChanges(
      new Map([
        ["key", value("value")],
        ["gone", undefined],
      ]),
    );
    for (let length = 1; length < payload.length; length += 1) {
      if (length === 11) continue;
      expect(() => decodeChanges(payload.subarray(0, length))).toThrow();
    }
    expect(() => decodeChanges(new Uint8Array([9, 1, 65]))).toThrow("operation 9");
  });
});
