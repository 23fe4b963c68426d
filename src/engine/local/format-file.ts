/**
 * The file FORMAT at the top of a data directory: which layout rests in it, and a random salt that every journal
 * frame carries, so that nothing a user stored can be taken for a frame. Text, written once. Layout: DESIGN.md, Bytes.
 */
import path from "node:path";
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Disk } from "./disk.ts";
import { replaceFile } from "./replace-file.ts";

export const FORMAT_VERSION = 2;
const FORMAT_FILE = "FORMAT";
const FORMAT_BYTES_MAX = 4096;

export interface DataFormat {
  readonly version: number;
  readonly salt: bigint;
}

/**
 * What the directory holds; undefined when it holds nothing of ours yet.
 * @throws FORMAT_TOO_NEW, UNSUPPORTED when it is too old, RECORD_CORRUPT
 */
export async function readFormat(disk: Disk, directory: string): Promise<DataFormat | undefined> {
  const names = await disk.list(directory);
  if (!names.includes(FORMAT_FILE)) {
    if (names.includes("journal-0"))
      throw new EfsError("RECORD_CORRUPT", `${directory} lost its file FORMAT`);
    return undefined;
  }
  const file = await disk.open(path.join(directory, FORMAT_FILE), { create: false });
  try {
    return parseFormat(await file.read(0, FORMAT_BYTES_MAX), directory);
  } finally {
    await file.close();
  }
}

/** Marks a fresh directory; durable when it resolves. */
export async function writeFormat(disk: Disk, directory: string, random: Random): Promise<DataFormat> {
  const salt = new DataView(random.bytes(8).buffer).getBigUint64(0);
  const text = formatText({ version: FORMAT_VERSION, salt });
  await replaceFile(disk, path.join(directory, FORMAT_FILE), utf8(text));
  return { version: FORMAT_VERSION, salt };
}

export function formatText(format: DataFormat): string {
  return `efs-data ${format.version}\nsalt ${format.salt.toString(16).padStart(16, "0")}\n`;
}

function parseFormat(bytes: Uint8Array, directory: string): DataFormat {
  const text = Buffer.from(bytes).toString("latin1");
  const version = Number(/^efs-data (\d{1,9})\n/.exec(text)?.[1]);
  if (version > FORMAT_VERSION) {
    throw new EfsError(
      "FORMAT_TOO_NEW",
      `${directory} has format ${version}, this efsd knows up to ${FORMAT_VERSION}`,
      { hint: "use a newer efsd; nothing was changed", details: { directory, version } },
    );
  }
  if (version < FORMAT_VERSION) {
    throw new EfsError(
      "UNSUPPORTED",
      `${directory} has format ${version}, of a build before the first release; this efsd knows format ${FORMAT_VERSION}`,
      {
        hint: "copy its buckets into a new data directory with the build that made it; nothing was changed",
        details: { directory, version },
      },
    );
  }
  const salt = /^efs-data \d+\nsalt ([0-9a-f]{16})\n$/.exec(text)?.[1];
  if (salt === undefined) throw new EfsError("RECORD_CORRUPT", `${directory}/${FORMAT_FILE} is damaged`);
  return { version, salt: BigInt(`0x${salt}`) };
}
