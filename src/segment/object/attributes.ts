/** Checks what a writer gives beside the content: content type, user metadata, kept headers. Limits are in model/limits.ts. */
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { isWellFormed } from "../../base/unicode.ts";
import {
  CONTENT_TYPE_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX,
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  METADATA_KEY_BYTES_MAX,
  METADATA_VALUE_BYTES_MAX,
} from "../../model/limits.ts";
import { escapeName } from "../../model/names.ts";
import { KEPT_HEADERS } from "../../model/version.ts";

const NO_METADATA: Readonly<Record<string, string>> = {};
const HEADER_NAMES: ReadonlySet<string> = new Set(KEPT_HEADERS);

/** The metadata in order of keys. @throws BAD_VALUE, LIMIT */
export function checkMetadata(
  metadata: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (metadata === undefined) return NO_METADATA;
  const keys = Object.keys(metadata).sort();
  if (keys.length > METADATA_ENTRIES_MAX) {
    throw new EfsError("LIMIT", `${keys.length} metadata entries, the limit is ${METADATA_ENTRIES_MAX}`);
  }
  let sizeBytes = 0;
  const entries = keys.map((key): [string, string] => {
    const value = metadata[key] ?? "";
    sizeBytes += checkEntry(key, value);
    return [key, value];
  });
  if (sizeBytes > METADATA_BYTES_MAX) {
    throw new EfsError("LIMIT", `the metadata is ${sizeBytes} bytes, the limit is ${METADATA_BYTES_MAX}`);
  }
  return Object.fromEntries(entries);
}

/** @throws BAD_VALUE, LIMIT */
export function checkContentType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined;
  if (hasControl(contentType) || !isWellFormed(contentType)) {
    throw new EfsError("BAD_VALUE", `not a content type: "${escapeName(contentType.slice(0, 80))}"`);
  }
  const sizeBytes = utf8(contentType).length;
  if (sizeBytes > CONTENT_TYPE_BYTES_MAX) {
    throw new EfsError(
      "LIMIT",
      `the content type is ${sizeBytes} bytes, the limit is ${CONTENT_TYPE_BYTES_MAX}`,
    );
  }
  return contentType;
}

/** The headers in order of names. @throws BAD_VALUE, LIMIT */
export function checkHeaders(
  headers: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (headers === undefined) return NO_METADATA;
  const names = Object.keys(headers).sort();
  return Object.fromEntries(names.map((name) => [name, checkHeader(name, headers[name] ?? "")]));
}

function checkHeader(name: string, value: string): string {
  if (!HEADER_NAMES.has(name)) {
    throw new EfsError("BAD_VALUE", `not a header that is kept: "${escapeName(name.slice(0, 80))}"`);
  }
  if (hasControl(value) || !isWellFormed(value)) {
    throw new EfsError("BAD_VALUE", `the header ${name} has control characters or is not Unicode`);
  }
  const sizeBytes = utf8(value).length;
  if (sizeBytes <= HEADER_VALUE_BYTES_MAX) return value;
  throw new EfsError(
    "LIMIT",
    `the header ${name} is ${sizeBytes} bytes, the limit is ${HEADER_VALUE_BYTES_MAX}`,
  );
}

function checkEntry(key: string, value: string): number {
  // An integer-like key would leave the order of keys; it is a legal one, so order is kept by the codec.
  if (!/^[\x21-\x40\x5b-\x7e]+$/.test(key)) {
    throw new EfsError("BAD_VALUE", `not a metadata key: "${escapeName(key.slice(0, 80))}"`, {
      hint: "keys are lower-case ASCII without spaces and control characters",
    });
  }
  const valueBytes = utf8(value).length;
  if (!isWellFormed(value)) throw new EfsError("BAD_VALUE", `the metadata "${key}" is not Unicode`);
  if (key.length > METADATA_KEY_BYTES_MAX) {
    throw new EfsError(
      "LIMIT",
      `a metadata key is ${key.length} bytes, the limit is ${METADATA_KEY_BYTES_MAX}`,
    );
  }
  if (valueBytes > METADATA_VALUE_BYTES_MAX) {
    throw new EfsError(
      "LIMIT",
      `the metadata "${key}" is ${valueBytes} bytes, the limit is ${METADATA_VALUE_BYTES_MAX}`,
    );
  }
  return key.length + valueBytes;
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}
