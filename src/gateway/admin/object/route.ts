/**
 * The one route whose bodies are objects, `…/buckets/{bucket}/object?name=`: taken before the framework sees the request, because it
 * streams both ways and small puts are counted in thousands a second.
 */
import { objectNameQuery, showObjectQuery } from "../../../api/object-schema.ts";
import { checked } from "../../../api/schema.ts";
import { EfsError } from "../../../base/errors.ts";
import { type BucketPath, parseObjectName } from "../../../model/names.ts";
import type { AdminContext } from "../context.ts";
import { type Exchange, publicError, sendError, sendJson } from "../respond.ts";
import type { Target } from "../target.ts";
import { askedVersion, getObject, headObject } from "./get.ts";
import { objectInfo } from "./info.ts";
import { putObject } from "./put.ts";

export async function handleObject(
  context: AdminContext,
  exchange: Exchange,
  target: { readonly bucket: BucketPath; readonly query: Target["query"] },
): Promise<void> {
  const { request } = exchange;
  try {
    await dispatch(context, exchange, target);
  } catch (thrown) {
    const error = publicError(thrown, context.log, { method: request.method, bucket: target.bucket });
    if (exchange.response.headersSent) {
      const facts = { code: error.code, ...target.bucket, object: target.query.name, ...error.details };
      if (error.code !== "CONNECT_LOST")
        context.log.error(facts, `an answer was cut short: ${error.message}`);
    }
    const isRange =
      error.code === "BAD_VALUE" && request.headers.range !== undefined && request.method === "GET";
    sendError(exchange, context.clock, error, isRange ? { status: 416 } : {});
  }
}

async function dispatch(
  context: AdminContext,
  exchange: Exchange,
  { bucket, query }: { readonly bucket: BucketPath; readonly query: Target["query"] },
): Promise<void> {
  switch (exchange.request.method) {
    case "PUT":
      return putObject(context, objectPath(bucket, query), exchange);
    case "GET":
      return getObject(context, versionIn(bucket, query), exchange);
    case "HEAD":
      return headObject(context, versionIn(bucket, query), exchange);
    case "DELETE": {
      const { path, version: asked } = versionIn(bucket, query);
      const { objects } = context.segment;
      const version = asked === undefined ? await objects.delete(path) : await objects.expunge(path, asked);
      return sendJson(exchange, 200, { response: objectInfo(version, asked === undefined) });
    }
    default:
      throw new EfsError("BAD_REQUEST", "an object takes GET, HEAD, PUT and DELETE");
  }
}

function objectPath(bucket: BucketPath, query: Target["query"]) {
  return { ...bucket, object: parseObjectName(checked(objectNameQuery, query, "query").name) };
}

function versionIn(bucket: BucketPath, query: Target["query"]) {
  const { name, versionId } = checked(showObjectQuery, query, "query");
  return askedVersion({ ...bucket, object: parseObjectName(name) }, versionId);
}
