/**
 * One port of a service: plain HTTP or HTTPS by node:http, with its limits. A port that cannot be had is a state and is tried again; certificate files
 * are looked at every few seconds and taken up without dropping connections. What is not HTTP is refused in S3's words.
 */
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps, type Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { EfsError, systemCode } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import { S3Error } from "../errors.ts";
import { errorXml } from "../wire/error-answer.ts";
import { type Certificate, readCertificate, type TlsFiles } from "./certificate.ts";
import type { Incoming } from "./incoming.ts";

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
const CHECK_MS = 5000;
/** A connection that is silent for so long is closed, with a request on it or without. */
const SILENCE_MS = 90_000;
const CONNECTIONS_MAX = 4096;
const BODY_BUFFER_BYTES = 256 * 1024;
const RETRY_MS = 2000;
const DRAIN_POLL_MS = 25;
const PIPELINED_MAX = 64;

export interface ListenerOptions {
  readonly host: string | undefined;
  readonly port: number;
  /** undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the headers of a request may take; undefined: 20 s. */
  readonly headersTimeoutMs?: number | undefined;
  /** Resolves when the request was answered; never rejects. */
  readonly handle: (request: Incoming) => Promise<void>;
  readonly incoming: (message: IncomingMessage, response: ServerResponse, isExpecting: boolean) => Incoming;
  /** The state changed: `problem` says why nobody can connect. */
  readonly onChange: () => void;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  /** The newest request of each connection. */
  readonly #current = new Map<Socket, Incoming>();
  readonly #sockets = new Set<Socket>();
  readonly #refused = new WeakSet<Socket>();
  /** How many requests of a connection wait for those before them. */
  readonly #queued = new WeakMap<Socket, number>();
  readonly #running: Promise<void>;
  #settle: () => void = () => {};
  /** Resolves after the first attempt to listen, whichever way it went. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });
  #server: Server | undefined;
  #certificate: Certificate | undefined;
  #busyCount = 0;
  /** Why nobody can connect, or why a new certificate was not taken up; undefined: all is well. */
  problem: EfsError | undefined;
  /** The port that was given when 0 was asked; undefined: it does not listen. */
  port: number | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get endpoint(): string | undefined {
    if (this.port === undefined) return undefined;
    const { host = "0.0.0.0", tls } = this.#options;
    return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${this.port}`;
  }

  /** Takes no new connections, lets requests under way end for at most `drainMs`, then cuts them. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const server = this.#server;
    if (server === undefined) return;
    const { clock } = this.#options;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const untilMs = clock.monotonicMs() + drainMs;
    while (this.#busyCount > 0 && clock.monotonicMs() < untilMs) await clock.sleep(DRAIN_POLL_MS);
    server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Tries until it listens, then looks after the certificate until it is stopped. */
  async #run(): Promise<void> {
    const { clock, tls } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#server === undefined) {
      try {
        if (tls !== undefined) this.#certificate = await readCertificate(tls);
        await this.#listen();
        this.#become(undefined);
        this.#settle();
      } catch (thrown) {
        this.#become(this.#listenError(thrown));
        this.#settle();
        await clock.sleep(RETRY_MS, signal);
      }
    }
    if (tls !== undefined) void this.#watchCertificate(tls);
  }

  async #watchCertificate(tls: TlsFiles): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(RETRY_MS, signal);
      if (signal.aborted) return;
      try {
        const now = await readCertificate(tls, this.#certificate);
        if (now !== this.#certificate) {
          (this.#server as HttpsServer).setSecureContext({ ...now.context });
          this.#certificate = now;
          log.info({ certificate: tls.certificate }, "the certificate was taken up");
        }
        this.#become(undefined);
      } catch (thrown) {
        // The old one stays: better that than nobody.
        this.#become(this.#listenError(thrown));
      }
    }
  }

  #become(problem: EfsError | undefined): void {
    if (problem?.message === this.problem?.message) return;
    this.problem = problem;
    if (problem !== undefined) {
      this.#options.log.warn({ code: problem.code, port: this.#options.port }, problem.message);
    }
    this.#options.onChange();
  }

  async #listen(): Promise<void> {
    const server = this.#made();
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        // Running out of file descriptors in accept() must not end the daemon.
        server.on("error", () => {});
        resolve();
      });
    });
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #made(): Server {
    const { headersTimeoutMs = HEADERS_TIMEOUT_MS } = this.#options;
    const options = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs),
      // A body may take hours; how slow it may be is the pace's.
      requestTimeout: 0,
      keepAliveTimeout: SILENCE_MS,
      highWaterMark: BODY_BUFFER_BYTES,
      joinDuplicateHeaders: true,
      // Refused by whoever addresses the request, in S3's words.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
    };
    const server =
      this.#certificate === undefined
        ? createHttp(options)
        : createHttps({ ...options, handshakeTimeout: headersTimeoutMs, ...this.#certificate.context });
    // Nothing can be told to whom there is no tunnel to; waiting for it to be taken would hold the connection for ever.
    server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
    server.on("request", (message, response) => this.#begin(message, response, false));
    server.on("checkContinue", (message, response) => this.#begin(message, response, true));
    server.on("checkExpectation", (message, response) => this.#begin(message, response, false));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("clientError", (error, socket) => this.#refuse(error, socket as Socket));
    server.setTimeout(SILENCE_MS);
    server.maxConnections = CONNECTIONS_MAX;
    return server;
  }

  #begin(message: IncomingMessage, response: ServerResponse, isExpecting: boolean): void {
    const request = this.#options.incoming(message, response, isExpecting);
    const { socket } = message;
    const before = this.#current.get(socket)?.response;
    this.#current.set(socket, request);
    this.#busyCount += 1;
    response.on("error", () => {});
    response.once("close", () => {
      this.#busyCount -= 1;
      if (this.#current.get(socket) === request) this.#current.delete(socket);
    });
    if (before === undefined || before.closed) void this.#options.handle(request);
    else this.#queue(request, before);
  }

  /** Requests that a client sends without waiting for answers run one after another, as they would have if it had waited. */
  #queue(request: Incoming, before: ServerResponse): void {
    const { socket } = request.message;
    const count = (this.#queued.get(socket) ?? 0) + 1;
    if (count > PIPELINED_MAX) {
      socket.destroy();
      return;
    }
    this.#queued.set(socket, count);
    before.once("close", () => {
      this.#queued.set(socket, (this.#queued.get(socket) ?? 1) - 1);
      void this.#options.handle(request);
    });
  }

  /** What came is not HTTP, or ended too early: whoever reads the body is told; without a request under way an error goes out by hand. */
  #refuse(error: Error, socket: Socket): void {
    // Every further piece of the garbage comes here again.
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const request = this.#current.get(socket);
    const code = systemCode(error);
    if (request !== undefined && !request.response.writableFinished && socket.writable) {
      request.raw.fail(
        new S3Error(request.message.complete ? "InvalidRequest" : "IncompleteBody", undefined, {
          cause: error,
        }),
      );
      request.response.once("close", () => socket.destroy());
      if (!request.response.headersSent) request.response.setHeader("connection", "close");
      return;
    }
    if (!socket.writable || code === "ECONNRESET" || code === "EPIPE") {
      socket.destroy();
      return;
    }
    socket.end(refusal(code), () => socket.destroy());
  }

  #listenError(thrown: unknown): EfsError {
    if (thrown instanceof EfsError) return thrown;
    const { host = "0.0.0.0", port } = this.#options;
    const code = systemCode(thrown);
    const where = `${host}:${port}`;
    if (code === "EADDRINUSE")
      return new EfsError("IN_USE", `${where} is in use by another program or service`);
    if (code === "EACCES") return new EfsError("DENIED", `not allowed to listen on ${where}`);
    return new EfsError("BAD_VALUE", `cannot listen on ${where} (${code ?? String(thrown)})`);
  }
}

/** An answer to what is not a request, by hand. */
function refusal(code: string | undefined): string {
  const error = refusalOf(code);
  const text = errorXml(error, {
    resource: "/",
    bucket: undefined,
    key: undefined,
    requestId: "-",
    hostId: "-",
  });
  return [
    `HTTP/1.1 ${error.status} ${error.code}`,
    "Content-Type: application/xml",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
    "",
    text,
  ].join("\r\n");
}

function refusalOf(code: string | undefined): S3Error {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new S3Error("RequestHeaderSectionTooLarge", undefined, {
      elements: { MaxSizeAllowed: String(HEADER_BYTES_MAX) },
    });
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new S3Error("RequestTimeout");
  return new S3Error("BadRequest", "What came is not a well-formed HTTP request");
}
