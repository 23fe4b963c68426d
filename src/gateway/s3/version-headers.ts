/** A version as the headers of an answer. */
import type { Annotations } from "../../model/annotation.ts";
import type { Version } from "../../model/version.ts";
import type { Identity } from "./access/identity.ts";
import { S3Error } from "./errors.ts";
import { quotedEtag } from "./etag.ts";
import { formatHttpDate } from "./http-date.ts";
import { encodeHeaderText, setMetadata } from "./metadata-headers.ts";
import { DEFAULT_CONTENT_TYPE } from "./object-headers.ts";
import { NULL_VERSION_ID, versionIdOf } from "./version-id.ts";

export type ResponseHeaders = Record<string, string | undefined>;

const OVERRIDES: ReadonlyArray<readonly [parameter: string, header: string]> = [
  ["response-content-type", "Content-Type"],
  ["response-content-language", "Content-Language"],
  ["response-expires", "Expires"],
  ["response-cache-control", "Cache-Control"],
  ["response-content-disposition", "Content-Disposition"],
  ["response-content-encoding", "Content-Encoding"],
];
const HEADER_NAMES: Readonly<Record<string, string>> = {
  "cache-control": "Cache-Control",
  "content-disposition": "Content-Disposition",
  "content-encoding": "Content-Encoding",
  "content-language": "Content-Language",
  expires: "Expires",
};

export interface HeaderOptions {
  readonly annotations: Annotations | undefined;
  /** `?versionId` as asked. */
  readonly versionId: string | undefined;
}

/** The headers of GET and HEAD of a version; ranges, checksums and overrides are set by others. */
export function versionHeaders(version: Version, options: HeaderOptions): ResponseHeaders {
  const headers: ResponseHeaders = {
    "Last-Modified": formatHttpDate(version.modifiedMs),
    ETag: quotedEtag(version),
    "Accept-Ranges": "bytes",
    "Content-Type":
      version.contentType === undefined ? DEFAULT_CONTENT_TYPE : encodeHeaderText(version.contentType),
    "x-amz-version-id": shownVersionId(version, options.versionId),
  };
  for (const name in version.headers) {
    headers[HEADER_NAMES[name] ?? name] = encodeHeaderText(version.headers[name] ?? "");
  }
  setMetadata(headers, version.metadata);
  if (options.annotations !== undefined) setAnnotations(headers, options.annotations);
  return headers;
}

/** The version's id for `x-amz-version-id`: `null` only where it was asked for by that. */
export function shownVersionId(version: Version, asked?: string | undefined): string | undefined {
  if (version.isNull) return asked === undefined ? undefined : asked;
  return versionIdOf(version);
}

/** The headers of a delete version, as answers to reads and deletes have them. */
export function deleteMarkerHeaders(version: Version): Record<string, string> {
  return {
    "x-amz-delete-marker": "true",
    "x-amz-version-id": version.isNull ? NULL_VERSION_ID : versionIdOf(version),
  };
}

/** Sets what `response-*` parameters ask for instead of the version's own. @throws InvalidRequest (anonymous), InvalidArgument */
export function setOverrides(
  headers: ResponseHeaders,
  query: ReadonlyMap<string, string>,
  identity: Identity,
): void {
  if (query.size === 0) return;
  for (const [parameter, header] of OVERRIDES) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    if (identity.kind === "anonymous") {
      throw new S3Error(
        "InvalidRequest",
        "Request specific response headers cannot be used for anonymous GET requests.",
      );
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw new S3Error("InvalidArgument", undefined, { elements: { ArgumentName: parameter } });
    }
    headers[header] = Buffer.from(value, "utf8").toString("latin1");
  }
}

function setAnnotations(headers: ResponseHeaders, annotations: Annotations): void {
  const tagCount = Object.keys(annotations.tags).length;
  if (tagCount > 0) headers["x-amz-tagging-count"] = String(tagCount);
  if (annotations.hold) headers["x-amz-object-lock-legal-hold"] = "ON";
  if (annotations.retention !== undefined) {
    headers["x-amz-object-lock-mode"] = annotations.retention.mode.toUpperCase();
    headers["x-amz-object-lock-retain-until-date"] = new Date(annotations.retention.untilMs).toISOString();
  }
}
