/** `PUT …/object?name=`: a new version from the body of the request. Answers 201 with the ObjectInfo when it is durable. */
import { METADATA_HEADER } from "../../../api/header.ts";
import { metadata as metadataSchema } from "../../../api/object-schema.ts";
import { checked } from "../../../api/schema.ts";
import { EfsError } from "../../../base/errors.ts";
import { CONTENT_TYPE_BYTES_MAX, OBJECT_SIZE_BYTES_MAX } from "../../../model/limits.ts";
import type { ObjectPath } from "../../../model/names.ts";
import { parseUvid } from "../../../model/uvid.ts";
import type { PutOptions } from "../../../segment/objects.ts";
import type { AdminContext } from "../context.ts";
import { type Exchange, sendJson } from "../respond.ts";
import { readStream, readWhole, WHOLE_BODY_BYTES_MAX } from "./body.ts";
import { objectInfo } from "./info.ts";

export async function putObject(context: AdminContext, path: ObjectPath, exchange: Exchange): Promise<void> {
  const options = putOptions(exchange.request.headers);
  const { sizeBytes } = options;
  const body =
    sizeBytes !== undefined && sizeBytes <= WHOLE_BODY_BYTES_MAX
      ? await readWhole(exchange.request, sizeBytes)
      : readStream(exchange.request);
  const version = await context.segment.objects.put(path, body, options);
  sendJson(exchange, 201, { response: objectInfo(version, true) }, { etag: `"${version.uvid}"` });
}

type Headers = Exchange["request"]["headers"];

/** @throws BAD_REQUEST, BAD_VALUE, TOO_LARGE, UNSUPPORTED */
function putOptions(headers: Headers): PutOptions {
  if (headers["content-encoding"] !== undefined || headers["content-range"] !== undefined) {
    throw new EfsError(
      "UNSUPPORTED",
      "an object is put whole and as it is: no Content-Encoding, no Content-Range",
    );
  }
  return {
    sizeBytes: sizeOf(headers),
    contentType: contentTypeOf(headers["content-type"]),
    metadata: metadataOf(headers[METADATA_HEADER]),
    ifLatest: ifLatestOf(headers),
  };
}

function sizeOf(headers: Headers): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  const sizeBytes = Number(headers["content-length"] ?? 0);
  if (sizeBytes > OBJECT_SIZE_BYTES_MAX) {
    throw new EfsError("TOO_LARGE", `an object has at most ${OBJECT_SIZE_BYTES_MAX} bytes, not ${sizeBytes}`);
  }
  return sizeBytes;
}

function contentTypeOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.length <= CONTENT_TYPE_BYTES_MAX && /^[ -~]+$/.test(text)) return text;
  throw new EfsError(
    "BAD_VALUE",
    `the content type has 1 to ${CONTENT_TYPE_BYTES_MAX} printable ASCII characters`,
  );
}

function metadataOf(header: string | readonly string[] | undefined): PutOptions["metadata"] {
  if (header === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(String(header));
  } catch {
    throw new EfsError("BAD_REQUEST", `the header ${METADATA_HEADER} is not JSON`, {
      details: { field: METADATA_HEADER },
    });
  }
  return checked(metadataSchema, value, `header ${METADATA_HEADER}`);
}

function ifLatestOf(headers: Headers): PutOptions["ifLatest"] {
  const none = headers["if-none-match"];
  const match = headers["if-match"];
  if (none !== undefined) {
    if (none.trim() === "*" && match === undefined) return "absent";
    throw new EfsError("UNSUPPORTED", "of If-None-Match only `*` works with a put, and not with If-Match");
  }
  return match === undefined ? undefined : parseUvid(match.trim().replace(/^"(.*)"$/, "$1"));
}
