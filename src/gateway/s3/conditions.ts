/**
 * Conditional requests. Reads: RFC 9110 §13.2.2 (If-Match before If-Unmodified-Since, If-None-Match before If-Modified-Since). Copies: the same of
 * the source, where all that fails is 412. Writes and deletes: checked against the latest version in the commit, so two writers never both pass.
 */
import type { Version } from "../../model/version.ts";
import { S3Error } from "./errors.ts";
import { etagOf, parseEtagList, quotedEtag } from "./etag.ts";
import { formatHttpDate, parseHttpDate } from "./http-date.ts";
import type { RangeAsked } from "./range.ts";

type Headers = ReadonlyMap<string, string>;

interface Conditions {
  readonly ifMatch: readonly string[] | undefined;
  readonly ifNoneMatch: readonly string[] | undefined;
  readonly ifModifiedSinceMs: number | undefined;
  readonly ifUnmodifiedSinceMs: number | undefined;
}

const COPY_PREFIX = "x-amz-copy-source-";

/** Throws unless the conditions of a GET or HEAD hold. @throws PreconditionFailed, NotModified */
export function checkRead(headers: Headers, version: Version): void {
  const conditions = conditionsOf(headers, "");
  if (conditions === undefined) return;
  const fault = failing(conditions, version);
  if (fault === undefined) return;
  if (fault === "If-Match" || fault === "If-Unmodified-Since") throw preconditionFailed(fault);
  throw new S3Error("NotModified", undefined, {
    headers: {
      ETag: quotedEtag(version),
      "Last-Modified": formatHttpDate(version.modifiedMs),
      ...keptForCaches(version),
    },
  });
}

/** The range that a read gets: with an `If-Range` that does not fit (RFC 9110 §13.1.5) none, for the client has something else. */
export function currentRange(
  asked: RangeAsked | undefined,
  headers: Headers,
  version: Version,
): RangeAsked | undefined {
  const ifRange = headers.get("if-range");
  if (ifRange === undefined || asked?.kind === "part") return asked;
  const dateMs = parseHttpDate(ifRange);
  const isCurrent =
    dateMs === undefined
      ? !ifRange.startsWith("W/") && parseEtagList(ifRange)[0] === etagOf(version)
      : secondOf(version.modifiedMs) === secondOf(dateMs);
  return isCurrent ? asked : undefined;
}

/** The check of `x-amz-copy-source-if-*`; undefined: none is asked for. It throws PreconditionFailed. */
export function copySourceGuard(headers: Headers): ((source: Version) => void) | undefined {
  const conditions = conditionsOf(headers, COPY_PREFIX);
  if (conditions === undefined) return undefined;
  return (source) => {
    const fault = failing(conditions, source);
    if (fault !== undefined) throw preconditionFailed(`${COPY_PREFIX}${fault.toLowerCase()}`);
  };
}

/**
 * What a write demands of the latest version, for the segment to ask in its commit; undefined: nothing.
 * The guard throws PreconditionFailed, and NoSuchKey for If-Match where nothing is. @throws NotImplemented (If-None-Match of anything but `*`)
 */
export function writeGuard(headers: Headers): ((latest: Version | undefined) => void) | undefined {
  const conditions = conditionsOf(headers, "");
  if (conditions === undefined) return undefined;
  const { ifMatch, ifNoneMatch, ifUnmodifiedSinceMs } = conditions;
  if (ifNoneMatch !== undefined && ifNoneMatch[0] !== "*") {
    throw new S3Error("NotImplemented", "If-None-Match of a write takes only *", {
      elements: { Header: "If-None-Match" },
    });
  }
  if (ifMatch === undefined && ifNoneMatch === undefined && ifUnmodifiedSinceMs === undefined)
    return undefined;
  return (latest) => {
    const there = latest === undefined || latest.isDeleted ? undefined : latest;
    if (ifNoneMatch !== undefined && there !== undefined) throw preconditionFailed("If-None-Match");
    if (ifMatch !== undefined) {
      if (there === undefined) throw new S3Error("NoSuchKey");
      if (!matches(ifMatch, there)) throw preconditionFailed("If-Match");
    } else if (there !== undefined && isModifiedAfter(there, ifUnmodifiedSinceMs)) {
      throw preconditionFailed("If-Unmodified-Since");
    }
  };
}

/** What a delete may demand, as headers or the elements of DeleteObjects say it. */
export interface DeleteConditions {
  readonly etag: string | undefined;
  /** An HTTP date or ISO 8601. */
  readonly modified?: string | undefined;
  readonly size?: string | undefined;
}

/**
 * What a delete demands of the latest version; undefined: nothing. A latest version that is a delete marker fails an ETag; what is not there need
 * not have a time and a length. The guard throws PreconditionFailed, and NoSuchKey where nothing is that should have an ETag.
 */
export function deleteGuard({
  etag,
  modified,
  size,
}: DeleteConditions): ((latest: Version | undefined) => void) | undefined {
  if (etag === undefined && modified === undefined && size === undefined) return undefined;
  const etags = etag === undefined ? undefined : parseEtagList(etag);
  const second =
    modified === undefined ? undefined : secondOf(parseHttpDate(modified) ?? Date.parse(modified));
  return (latest) => {
    if (latest === undefined) {
      if (etags === undefined) return;
      throw new S3Error("NoSuchKey");
    }
    if (etags !== undefined && (latest.isDeleted || !matches(etags, latest)))
      throw preconditionFailed("If-Match");
    if (second !== undefined && secondOf(latest.modifiedMs) !== second) {
      throw preconditionFailed("x-amz-if-match-last-modified-time");
    }
    if (size !== undefined && String(latest.sizeBytes) !== size)
      throw preconditionFailed("x-amz-if-match-size");
  };
}

function secondOf(wallMs: number): number {
  return Math.floor(wallMs / 1000);
}

function conditionsOf(headers: Headers, prefix: string): Conditions | undefined {
  const ifMatch = headers.get(`${prefix}if-match`);
  const ifNoneMatch = headers.get(`${prefix}if-none-match`);
  const ifModifiedSince = headers.get(`${prefix}if-modified-since`);
  const ifUnmodifiedSince = headers.get(`${prefix}if-unmodified-since`);
  if ((ifMatch ?? ifNoneMatch ?? ifModifiedSince ?? ifUnmodifiedSince) === undefined) return undefined;
  return {
    ifMatch: ifMatch === undefined ? undefined : parseEtagList(ifMatch),
    ifNoneMatch: ifNoneMatch === undefined ? undefined : parseEtagList(ifNoneMatch),
    ifModifiedSinceMs: parseHttpDate(ifModifiedSince),
    ifUnmodifiedSinceMs: parseHttpDate(ifUnmodifiedSince),
  };
}

type ConditionName = "If-Match" | "If-Unmodified-Since" | "If-None-Match" | "If-Modified-Since";

/** The condition that does not hold. Where a list of ETags is given, the date beside it is not asked. */
function failing(conditions: Conditions, version: Version): ConditionName | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version)) return "If-Match";
  } else if (isModifiedAfter(version, ifUnmodifiedSinceMs)) return "If-Unmodified-Since";
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version) ? "If-None-Match" : undefined;
  if (ifModifiedSinceMs !== undefined && !isModifiedAfter(version, ifModifiedSinceMs))
    return "If-Modified-Since";
  return undefined;
}

function matches(etags: readonly string[], version: Version): boolean {
  return etags[0] === "*" || etags.includes(etagOf(version));
}

/** By whole seconds, for that is what clients were told. */
function isModifiedAfter(version: Version, sinceMs: number | undefined): boolean {
  return sinceMs !== undefined && secondOf(version.modifiedMs) * 1000 > sinceMs;
}

function keptForCaches(version: Version): Record<string, string> {
  const cacheControl = version.headers["cache-control"];
  const expires = version.headers.expires;
  return {
    ...(cacheControl === undefined ? {} : { "Cache-Control": cacheControl }),
    ...(expires === undefined ? {} : { Expires: expires }),
  };
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    elements: { Condition: condition },
  });
}
