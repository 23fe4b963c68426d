/** The items of listings as XML: objects, versions, delete markers, common prefixes. */
import type { Version } from "../../model/version.ts";
import type { ListedObject } from "../../segment/objects.ts";
import { CHECKSUM_WORDS, checksumTypeOf } from "./checksum-headers.ts";
import { quotedEtag } from "./etag.ts";
import { type ListAsked, shown } from "./listing.ts";
import { STANDARD, STORAGE_CLASS_HEADER } from "./object-headers.ts";
import type { Owner } from "./owner.ts";
import type { XmlChildren } from "./wire/xml.ts";

/** The elements of one page: objects as `Contents`, then the prefixes, as AWS orders them. */
export function listedItems(
  items: readonly ListedObject[],
  asked: ListAsked,
  owner: Owner | undefined,
): XmlChildren {
  const contents: XmlChildren[] = [];
  const prefixes: XmlChildren[] = [];
  for (const item of items) {
    if (item.kind === "prefix") prefixes.push(prefixElement(item.prefix, asked));
    else contents.push({ Key: shown(item.version.object, asked), ...facts(item.version, owner) });
  }
  return { Contents: contents, CommonPrefixes: prefixes };
}

/** What a `CommonPrefixes` holds. */
export function prefixElement(prefix: string, asked: ListAsked): XmlChildren {
  return { Prefix: shown(prefix, asked) };
}

export interface ListedVersionFacts {
  readonly version: Version;
  readonly isLatest: boolean;
  readonly versionId: string;
}

/** `Version` or `DeleteMarker` of a listing of versions. */
export function listedVersion(
  { version, isLatest, versionId }: ListedVersionFacts,
  asked: ListAsked,
  owner: Owner,
): XmlChildren {
  const head = { Key: shown(version.object, asked), VersionId: versionId, IsLatest: isLatest };
  if (!version.isDeleted) return { Version: { ...head, ...facts(version, owner) } };
  return { DeleteMarker: { ...head, LastModified: isoDate(version.modifiedMs), Owner: ownerElement(owner) } };
}

/** With milliseconds, as XML has it; headers have whole seconds. */
export function isoDate(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** What an `Owner` holds. */
export function ownerElement({ id, displayName }: Owner): XmlChildren {
  return { ID: id, DisplayName: displayName };
}

/** As it was given; STANDARD when it was not. */
export function storageClass(version: Version): string {
  return version.headers[STORAGE_CLASS_HEADER] ?? STANDARD;
}

function facts(version: Version, owner: Owner | undefined): XmlChildren {
  const checksum = version.digest?.checksum;
  return {
    LastModified: isoDate(version.modifiedMs),
    ETag: quotedEtag(version),
    ChecksumAlgorithm: checksum === undefined ? undefined : CHECKSUM_WORDS[checksum.algorithm],
    ChecksumType: checksum === undefined ? undefined : checksumTypeOf(checksum),
    Size: version.sizeBytes,
    Owner: owner === undefined ? undefined : ownerElement(owner),
    StorageClass: storageClass(version),
  };
}
