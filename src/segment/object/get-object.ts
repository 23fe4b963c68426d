/** Getting an object's bytes: the version, the range, and a body that is verified as it is read. */
import { EfsError } from "../../base/errors.ts";
import type { BucketPath } from "../../model/names.ts";
import { escapeName, formatObjectPath, type ObjectName, type ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import { readRoot } from "../content/read-root.ts";
import type { Core } from "../core/core.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { GetOptions, ObjectContent } from "../objects.ts";
import { inVault } from "../vault/in-vault.ts";
import { findVersion, objectNotFound, readObjects } from "./read-object.ts";

const SHOW_MANY_MAX = 1000;

export async function getObject(
  core: Core,
  path: ObjectPath,
  options: GetOptions = {},
): Promise<ObjectContent> {
  const version = await findVersion(core, path, options.version);
  if (version.isDeleted) throw objectNotFound(path);
  const { startByte, endByte } = rangeWithin(options.range, version.sizeBytes);
  const bucket = core.buckets.held(path) ?? (await core.buckets.open(path));
  return {
    version,
    startByte,
    endByte,
    body: bodyOf(inVault(core, bucket), path, version, { startByte, endByte }, options),
  };
}

export async function showMany(
  core: Core,
  path: BucketPath,
  names: readonly ObjectName[],
): Promise<ReadonlyArray<Version | undefined>> {
  if (names.length === 0) return [];
  checkLimit(names.length, SHOW_MANY_MAX);
  const bucket = await core.buckets.open(path);
  const objects = await readObjects(core.records, bucket, names);
  return objects.map((object) => (object?.latest?.isDeleted === false ? object.latest : undefined));
}

interface ByteRange {
  readonly startByte: number;
  readonly endByte: number;
}

/** @throws BAD_VALUE */
function rangeWithin(range: GetOptions["range"], sizeBytes: number): ByteRange {
  const startByte = range?.startByte ?? 0;
  const endByte = Math.min(range?.endByte ?? sizeBytes, sizeBytes);
  const isSound =
    Number.isSafeInteger(startByte) &&
    startByte >= 0 &&
    startByte <= sizeBytes &&
    Number.isSafeInteger(endByte) &&
    endByte >= startByte;
  if (isSound) return { startByte, endByte };
  const asked = `${range?.startByte} to ${range?.endByte ?? "the end"}`;
  throw new EfsError("BAD_VALUE", `not a range of an object of ${sizeBytes} bytes: ${asked}`, {
    details: { sizeBytes },
  });
}

async function* bodyOf(
  core: Core,
  path: ObjectPath,
  version: Version,
  range: ByteRange,
  options: GetOptions,
): AsyncGenerator<Uint8Array> {
  let offset = range.startByte;
  // One piece is read in one step; nobody need watch for its reader, and watching costs something.
  const signal = version.content.kind === "node" ? options.signal : undefined;
  try {
    for await (const piece of readRoot(core, version.content, { ...range, signal })) {
      offset += piece.length;
      yield piece;
    }
  } catch (thrown) {
    throw namingVersion(path, version, offset, thrown);
  }
}

/** Damage names the object, the version and where in it the bytes are that cannot be had. */
function namingVersion(path: ObjectPath, version: Version, offset: number, thrown: unknown): unknown {
  if (!(thrown instanceof EfsError) || thrown.kind !== "corrupt") return thrown;
  const object = formatObjectPath(path);
  const at = thrown.details?.offset ?? offset;
  return new EfsError(thrown.code, `object ${escapeName(object)} at byte ${at}: ${thrown.message}`, {
    cause: thrown,
    hint: "put the object again, or copy it back from a linked segment that has it whole",
    details: { ...thrown.details, object, version: version.uvid, offset: at },
  });
}
