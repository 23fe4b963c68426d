/**
 * The JSON routes on the framework: parses bodies, calls a handler, wraps its result. A handler gets what the schemas let through and
 * returns what stands in `response`; it throws EfsError.
 */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { HEADER_BYTES_MAX, JSON_BODY_BYTES_MAX } from "../../../api/header.ts";
import { ROUTES, type RouteName } from "../../../api/routes.ts";
import { fromUtf8 } from "../../../base/bytes.ts";
import { EfsError, isErrorCode, toEfsError } from "../../../base/errors.ts";
import { closeAfter, isUnread } from "../../unread-body.ts";
import type { AdminContext } from "../context.ts";
import { errorBody, publicError, statusOf } from "../respond.ts";
import { parseQuery } from "../target.ts";

export interface Asked {
  /** Path parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: unknown;
  /** Parsed JSON; undefined when there was no body. */
  readonly body: unknown;
}

export type Handler = (asked: Asked) => Promise<unknown>;
export type Handlers = Partial<Record<RouteName, Handler>>;

/** Routes that make something, and answer 201. */
const CREATED: ReadonlySet<RouteName> = new Set([
  "createCluster",
  "createTenant",
  "createBucket",
  "createUser",
  "createService",
  "addService",
  "createToken",
  "copyObject",
]);

/** The framework with all handlers, not listening anywhere; `routing` takes a request of node:http. */
export async function openRouter(context: AdminContext, handlers: Handlers): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: JSON_BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    routerOptions: {
      maxParamLength: HEADER_BYTES_MAX,
      querystringParser: (text) => ({ ...parseQuery(text) }),
    },
    frameworkErrors: (error, request, reply) => {
      answerError(context, asRefusal(error), request, reply);
    },
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    if (isUnread(request.raw)) closeAfter({ request: request.raw, response: reply.raw }, context.clock);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, bytes, done) => {
    try {
      done(null, parseJson(bytes as Buffer));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
  app.setErrorHandler((error, request, reply) => answerError(context, asRefusal(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const error = new EfsError("NOT_FOUND", `the admin API has no ${request.method} on this path`);
    answerError(context, error, request, reply);
  });
  for (const name of Object.keys(handlers) as RouteName[]) {
    const handler = handlers[name];
    if (handler === undefined) continue;
    const { method, path } = ROUTES[name];
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const response = await handler({
          parameters: params as Asked["parameters"],
          query,
          body: body ?? undefined,
        });
        reply.code(CREATED.has(name) ? 201 : 200);
        return { response: response ?? {} };
      },
    });
  }
  await app.ready();
  return app;
}

function answerError(
  context: AdminContext,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const error = publicError(thrown, context.log, { method: request.method, route: request.routeOptions.url });
  void reply.code(statusOf(error)).send(errorBody(error));
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  const text = fromUtf8(bytes);
  if (text === undefined) throw new EfsError("BAD_REQUEST", "the body is not UTF-8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EfsError("BAD_REQUEST", "the body is not JSON", { cause });
  }
}

/** What the framework refused by itself, in our words. */
function asRefusal(error: unknown): unknown {
  if (error instanceof EfsError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code !== undefined && isErrorCode(code)) return toEfsError(error);
  if (statusCode === 413)
    return new EfsError("TOO_LARGE", `a request body has at most ${JSON_BODY_BYTES_MAX} bytes`);
  if (statusCode !== undefined && statusCode < 500) {
    return new EfsError("BAD_REQUEST", `the request was refused: ${message ?? code ?? statusCode}`, {
      cause: error,
    });
  }
  return error;
}
