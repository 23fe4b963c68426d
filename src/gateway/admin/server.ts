/**
 * The HTTP server of the admin API: listens on Unix sockets and TCP addresses, lets in who may ask, hands object requests to object/ and all
 * others to the framework, and drains when it closes. Limits of connections, headers and silence are here.
 */
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import type { FastifyInstance } from "fastify";
import { HEADER_BYTES_MAX } from "../../api/header.ts";
import { EfsError } from "../../base/errors.ts";
import { type Address, isLoopback } from "./address.ts";
import { authorise } from "./authorise.ts";
import { Connections } from "./connections.ts";
import type { AdminContext } from "./context.ts";
import { listenOnAddress, listenOnSocketFile } from "./listen.ts";
import { metricsText } from "./metrics.ts";
import { handleObject } from "./object/route.ts";
import { type Exchange, publicError, sendError } from "./respond.ts";
import { namespaceHandlers } from "./routes/namespace.ts";
import { objectHandlers } from "./routes/object.ts";
import { openRouter } from "./routes/router.ts";
import { serviceHandlers } from "./routes/service.ts";
import { systemHandlers } from "./routes/system.ts";
import { userHandlers } from "./routes/user.ts";
import { bucketOfObjectPath, parseTarget } from "./target.ts";

const CONNECTIONS_MAX = 1024;
const HEADERS_TIMEOUT_MS = 20_000;
/** A connection that is silent for so long is closed. One time for both, with a request on it or without: Node keeps timers in lists by duration. */
const SILENCE_MS = 90_000;
const BODY_BUFFER_BYTES = 256 * 1024;
const METRICS_PATH = "/metrics";

export interface Tls {
  /** PEM. */
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
}

export interface AdminServer {
  /**
   * No password: who can open the socket (mode 0600) may ask. Replaces a socket that a dead daemon left, so the caller holds the lock of
   * the data directory. @throws BAD_CONFIG, NOT_EMPTY, and errors of the system
   */
  listenUnix(path: string): Promise<void>;
  /**
   * With bearer tokens. Resolves to the address, with the port that was chosen when 0 was asked.
   * @throws BAD_CONFIG (beyond loopback without TLS; no such address), BUSY (in use)
   */
  listenTcp(address: Address, tls?: Tls): Promise<Address>;
  /** Takes no new requests, lets those under way end for at most `drainMs`, then cuts them. */
  close(drainMs: number): Promise<void>;
}

export async function openAdminServer(context: AdminContext): Promise<AdminServer> {
  const app = await openRouter(context, {
    ...systemHandlers(context),
    ...namespaceHandlers(context),
    ...userHandlers(context),
    ...objectHandlers(context),
    ...serviceHandlers(context),
  });
  const core: Core = { context, app, connections: new Connections(context.clock) };
  const cleanups: Array<() => Promise<void>> = [];
  return {
    async listenUnix(path) {
      cleanups.push(await listenOnSocketFile(httpServer(core, { isTokenNeeded: false }), path));
    },
    async listenTcp(address, tls) {
      requireGuarded(address, tls);
      return listenOnAddress(httpServer(core, { isTokenNeeded: true, tls }), address);
    },
    async close(drainMs) {
      await core.connections.drain(drainMs);
      for (const cleanup of cleanups) await cleanup();
      await app.close();
    },
  };
}

/** @throws BAD_CONFIG when tokens would cross a network in the clear */
export function requireGuarded(address: Address, tls: Tls | undefined): void {
  if (tls !== undefined || isLoopback(address.host)) return;
  throw new EfsError(
    "BAD_CONFIG",
    `the admin API does not listen on ${address.host} without TLS: tokens would cross in the clear`,
    { hint: "set admin.tls-certificate and admin.tls-key in efsd.conf, or listen on 127.0.0.1" },
  );
}

interface Core {
  readonly context: AdminContext;
  readonly app: FastifyInstance;
  readonly connections: Connections;
}

interface ListenerOptions {
  readonly isTokenNeeded: boolean;
  readonly tls?: Tls | undefined;
}

function httpServer(core: Core, { isTokenNeeded, tls }: ListenerOptions): Server {
  const options = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // A body may take hours; silence is what is limited.
    requestTimeout: 0,
    keepAliveTimeout: SILENCE_MS,
    highWaterMark: BODY_BUFFER_BYTES,
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    core.connections.began(request.socket, response);
    // Writing to a client that is gone is no news.
    response.on("error", () => {});
    void answer(core, { request, response }, isTokenNeeded);
  };
  const server =
    tls === undefined
      ? createHttp(options, listener)
      : createHttps(
          { ...options, cert: asPem(tls.certificate), key: asPem(tls.key), minVersion: "TLSv1.3" },
          listener,
        );
  server.setTimeout(SILENCE_MS);
  server.maxConnections = CONNECTIONS_MAX;
  core.connections.watch(server);
  return server;
}

async function answer(core: Core, exchange: Exchange, isTokenNeeded: boolean): Promise<void> {
  const { context, app, connections } = core;
  const { request, response } = exchange;
  try {
    if (connections.isDraining) {
      response.setHeader("connection", "close");
      throw new EfsError("SHUTTING_DOWN", "the segment is shutting down");
    }
    const target = parseTarget(request.url ?? "");
    if (isTokenNeeded) await authorise(context.segment.services.tokens, request);
    if (target.path === METRICS_PATH) return await sendMetrics(context, exchange);
    const bucket = bucketOfObjectPath(target.path);
    if (bucket === undefined) app.routing(request, response);
    else await handleObject(context, exchange, { bucket, query: target.query });
  } catch (thrown) {
    sendError(exchange, context.clock, publicError(thrown, context.log, { method: request.method }));
  }
}

/** Not of the JSON routes: Prometheus has its own form. @throws NOT_FOUND (another method) */
async function sendMetrics(context: AdminContext, { request, response }: Exchange): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new EfsError("NOT_FOUND", `the admin API has no ${request.method} on this path`);
  }
  const { contentType, text } = await metricsText(context);
  response.writeHead(200, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function asPem(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
