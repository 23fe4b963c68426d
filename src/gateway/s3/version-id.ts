/**
 * Version ids as clients see them: opaque text of UVID and generation, so that a version is found without reading its neighbours; `null` for the
 * greatest that was written while versioning was not enabled.
 */
import { UVID_BYTES, uvidBytes, uvidOf } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import type { VersionRef } from "../../segment/objects.ts";
import { S3Error } from "./errors.ts";

export const NULL_VERSION_ID = "null";

const GENERATION_BYTES = 6;
const ID_PATTERN = /^[A-Za-z0-9_-]{40}$/;

/** 40 characters, also of a version that is `null` to clients. */
export function opaqueVersionId(version: Pick<Version, "uvid" | "generation">): string {
  const bytes = Buffer.alloc(UVID_BYTES + GENERATION_BYTES);
  bytes.set(uvidBytes(version.uvid));
  bytes.writeUIntBE(version.generation, UVID_BYTES, GENERATION_BYTES);
  return bytes.toString("base64url");
}

export function versionIdOf(version: Pick<Version, "uvid" | "generation" | "isNull">): string {
  return version.isNull ? NULL_VERSION_ID : opaqueVersionId(version);
}

/** The version that a text names; undefined: the text is no version id. */
export function readVersionId(text: string): VersionRef | undefined {
  if (text === NULL_VERSION_ID) return { uvid: "null" };
  if (!ID_PATTERN.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return {
    uvid: uvidOf(new Uint8Array(bytes.subarray(0, UVID_BYTES))),
    generation: bytes.readUIntBE(UVID_BYTES, GENERATION_BYTES),
  };
}

/** The version that `?versionId` names; undefined: the latest. @throws InvalidArgument */
export function parseVersionId(text: string | undefined, argument = "versionId"): VersionRef | undefined {
  if (text === undefined) return undefined;
  const version = readVersionId(text);
  if (version !== undefined) return version;
  throw new S3Error("InvalidArgument", "Invalid version id specified", {
    elements: { ArgumentName: argument, ArgumentValue: text },
  });
}

/** The reference to exactly this version. */
export function refOf(version: Pick<Version, "uvid" | "generation">): VersionRef {
  return { uvid: version.uvid, generation: version.generation };
}
