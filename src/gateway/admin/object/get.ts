/**
 * `GET` and `HEAD …/object?name=`: the content of a version, whole or a range. The first bytes are read and verified before the
 * headers leave, so that what is wrong at the front has a proper status; what is wrong later cuts the connection.
 */
import { asciiJson, INFO_HEADER } from "../../../api/header.ts";
import { EfsError } from "../../../base/errors.ts";
import type { ObjectPath } from "../../../model/names.ts";
import { parseUvid } from "../../../model/uvid.ts";
import type { Version } from "../../../model/version.ts";
import type { GetOptions, VersionRef } from "../../../segment/objects.ts";
import type { AdminContext } from "../context.ts";
import type { Exchange } from "../respond.ts";
import { isLatestVersion, objectInfo, timeText } from "./info.ts";

/** A reader that takes nothing for so long is cut off. A person reading in a pager is not. */
const STALLED_READER_MS = 60 * 60 * 1000;

export interface AskedVersion {
  readonly path: ObjectPath;
  /** undefined: the latest. */
  readonly version: VersionRef | undefined;
}

/** @throws BAD_VALUE */
export function askedVersion(path: ObjectPath, versionId: string | undefined): AskedVersion {
  return { path, version: versionId === undefined ? undefined : { uvid: parseUvid(versionId) } };
}

export async function headObject(
  context: AdminContext,
  asked: AskedVersion,
  exchange: Exchange,
): Promise<void> {
  const { objects } = context.segment;
  const version = await objects.show(asked.path, asked.version);
  const headers = await headersOf(context, asked, version);
  exchange.response.writeHead(200, { ...headers, "content-length": version.sizeBytes });
  exchange.response.end();
}

export async function getObject(
  context: AdminContext,
  asked: AskedVersion,
  exchange: Exchange,
): Promise<void> {
  const { request, response } = exchange;
  const range = await rangeOf(context, asked, request.headers.range);
  const content = await context.segment.objects.get(asked.path, { version: asked.version, ...range });
  const { version, startByte, endByte } = content;
  const headers = await headersOf(context, asked, version);
  if (request.headers["if-none-match"] === headers.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  if (range !== undefined && endByte <= startByte) throw notSatisfiable(version.sizeBytes);
  const chunks = content.body[Symbol.asyncIterator]();
  const first = await chunks.next();
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": endByte - startByte,
    ...(range === undefined
      ? {}
      : { "content-range": `bytes ${startByte}-${endByte - 1}/${version.sizeBytes}` }),
  });
  await send(exchange, chunks, first);
}

async function send(
  { request, response }: Exchange,
  chunks: AsyncIterator<Uint8Array>,
  first: IteratorResult<Uint8Array>,
): Promise<void> {
  request.socket.setTimeout(STALLED_READER_MS);
  let chunk = first;
  try {
    while (chunk.done !== true) {
      if (response.destroyed) throw new EfsError("CONNECT_LOST", "the reader went away");
      if (!response.write(chunk.value)) await drained(response);
      chunk = await chunks.next();
    }
    response.end();
  } finally {
    if (chunk.done !== true) await chunks.return?.();
  }
}

function drained(response: Exchange["response"]): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const finish = () => {
      response.off("drain", finish);
      response.off("close", finish);
      resolve();
    };
    response.on("drain", finish);
    response.on("close", finish);
  });
}

async function headersOf(context: AdminContext, asked: AskedVersion, version: Version) {
  const { path } = asked;
  const at = { bucket: path, object: path.object, uvid: version.uvid };
  const isLatest = asked.version === undefined || (await isLatestVersion(context.segment.objects, at));
  // What came from another segment may be no header value.
  const { contentType = "" } = version;
  return {
    "content-type": /^[ -~]{1,255}$/.test(contentType) ? contentType : "application/octet-stream",
    etag: `"${version.uvid}"`,
    "last-modified": new Date(timeText(version.modifiedMs)).toUTCString(),
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    [INFO_HEADER]: asciiJson(objectInfo(version, isLatest)),
  };
}

/** One range of bytes, RFC 9110 §14.1.2; undefined when none is asked or several are, which is answered with the whole. */
async function rangeOf(
  context: AdminContext,
  asked: AskedVersion,
  header: string | undefined,
): Promise<Pick<GetOptions, "range"> | undefined> {
  if (header === undefined || header.includes(",")) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  const [first = "", last = ""] = match?.slice(1) ?? [];
  if (match === null || first + last === "")
    throw new EfsError("BAD_VALUE", "the range is not `bytes=FIRST-LAST`");
  if (first !== "") {
    const startByte = Number(first);
    const endByte = last === "" ? undefined : Number(last) + 1;
    if (endByte !== undefined && endByte <= startByte) {
      throw new EfsError("BAD_VALUE", `the range ends at ${last}, before it begins at ${first}`);
    }
    return { range: { startByte, endByte } };
  }
  const { sizeBytes } = await context.segment.objects.show(asked.path, asked.version);
  if (last === "0" || sizeBytes === 0) throw notSatisfiable(sizeBytes);
  return { range: { startByte: Math.max(0, sizeBytes - Number(last)) } };
}

function notSatisfiable(sizeBytes: number): EfsError {
  return new EfsError(
    "BAD_VALUE",
    `the range begins at or past the end of the object, which has ${sizeBytes} bytes`,
  );
}
