/**
 * Headers of object requests and answers beyond HTTP's own. Structured values are JSON in ASCII: everything outside printable ASCII
 * is escaped as \uXXXX, so that any name and any metadata fits a header and stays readable.
 */

/** Request: user metadata, a JSON object of texts. */
export const METADATA_HEADER = "x-efs-metadata";
/** Answer to GET and HEAD: the ObjectInfo. */
export const INFO_HEADER = "x-efs-info";
/** Answer to HEAD that failed, which has no body: the ErrorBody. */
export const ERROR_HEADER = "x-efs-error";

/** Request line and headers together, both ways. Metadata of 8 KiB, all of it escaped, fits. */
export const HEADER_BYTES_MAX = 96 * 1024;
/** A JSON request body. */
export const JSON_BODY_BYTES_MAX = 1024 * 1024;
/** Names asked for in one request for many objects. */
export const SHOW_NAMES_MAX = 1000;

export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
