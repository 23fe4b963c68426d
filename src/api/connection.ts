/**
 * Where an admin API is, and small calls to it: one JSON request, one JSON answer, over node:http on kept connections. Loads
 * nothing but Node's own modules, because every start of efscli pays for what is loaded here.
 */

import type { RequestOptions } from "node:http";
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { EfsError, isErrorCode, systemCode } from "../base/errors.ts";
import { HEADER_BYTES_MAX } from "./header.ts";
import type { ErrorBody } from "./wire.ts";

export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "http" | "https"; readonly host: string; readonly port: number };

/** A JSON answer longer than this is refused. */
const ANSWER_BYTES_MAX = 128 * 1024 * 1024;

/** `unix:PATH`, `http://host:port`, `https://host:port`. @throws BAD_VALUE */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("unix:") && text.length > "unix:".length)
    return { kind: "unix", path: text.slice("unix:".length) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const kind = url?.protocol === "http:" ? "http" : "https";
  if (
    url === undefined ||
    `${kind}:` !== url.protocol ||
    url.pathname !== "/" ||
    url.search !== "" ||
    url.username !== ""
  ) {
    throw new EfsError("BAD_VALUE", `not an endpoint: ${JSON.stringify(text)}`, {
      hint: "write unix:PATH, http://HOST:PORT or https://HOST:PORT",
    });
  }
  const port = url.port === "" ? { http: 80, https: 443 }[kind] : Number(url.port);
  return { kind, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.kind}://${host}:${endpoint.port}`;
}

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

export interface Call {
  readonly method: string;
  readonly target: string;
  readonly body?: unknown;
}

/** Failures on a connection that had answered before. */
const lostOnReuse = new WeakSet<EfsError>();

export class Connection {
  readonly #options: ConnectionOptions;
  #agent: Agent | undefined;
  #request: typeof requestHttp = requestHttp;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * The `response` of the answer. The whole call takes at most `timeoutMs`.
   * @throws the server's code; CONNECT_REFUSED, CONNECT_LOST, TIMEOUT, DENIED; PROTOCOL when the answer is not ours
   */
  async call(call: Call): Promise<unknown> {
    const agent = await this.#open();
    try {
      return await this.#once(call, agent);
    } catch (error) {
      // A kept connection may have been closed under our feet; asking again is harmless when it only reads.
      const isLost = error instanceof EfsError && error.code === "CONNECT_LOST" && lostOnReuse.has(error);
      if (isLost && call.method === "GET") return this.#once(call, agent);
      throw error;
    }
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #open(): Promise<Agent> {
    if (this.#agent !== undefined) return this.#agent;
    if (this.#options.endpoint.kind === "https") {
      const https = await import("node:https");
      this.#request = https.request as typeof requestHttp;
      this.#agent = new https.Agent({ keepAlive: true, maxSockets: 16 });
    } else {
      // A server name matters to TLS only; given, the agent does not work one out, which costs a short run milliseconds.
      const plain = { keepAlive: true, maxSockets: 16, servername: "" };
      this.#agent = new Agent(plain);
    }
    return this.#agent;
  }

  #once(call: Call, agent: Agent): Promise<unknown> {
    const { endpoint, token, timeoutMs } = this.#options;
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const options: RequestOptions = {
      ...(endpoint.kind === "unix"
        ? { socketPath: endpoint.path }
        : { host: endpoint.host, port: endpoint.port }),
      method: call.method,
      path: call.target,
      agent,
      maxHeaderSize: HEADER_BYTES_MAX,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json", "content-length": body.length }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    };
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = this.#request(options);
      const timer = setTimeout(() => sent.destroy(timedOut(endpoint, timeoutMs)), timeoutMs);
      const fail = (error: unknown) => {
        clearTimeout(timer);
        const failure = connectionError(error, endpoint);
        if (sent.reusedSocket) lostOnReuse.add(failure);
        reject(failure);
      };
      sent.on("error", fail);
      sent.on("response", (answer) => {
        readAnswer(answer).then((value) => {
          clearTimeout(timer);
          resolve(value);
        }, fail);
      });
      sent.end(body);
    });
  }
}

async function readAnswer(answer: IncomingMessage): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of answer) {
    sizeBytes += part.length;
    if (sizeBytes > ANSWER_BYTES_MAX) throw notOurs("it is too long");
    parts.push(part);
  }
  return parseAnswer(answer.statusCode ?? 0, Buffer.concat(parts).toString("utf8"));
}

/** The `response` of an answer's text. @throws the error that it carries; PROTOCOL */
export function parseAnswer(status: number, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notOurs(`status ${status}, and no JSON`, cause);
  }
  if (typeof value !== "object" || value === null) throw notOurs(`status ${status}, and no object`);
  if ("error" in value) throw errorOf(value.error);
  if (!("response" in value) || status >= 300) throw notOurs(`status ${status}, and no response`);
  return value.response;
}

/** The error that a server's answer carries. */
export function errorOf(value: unknown): EfsError {
  const body = value as Partial<ErrorBody> | null;
  if (typeof body?.code !== "string" || typeof body.message !== "string")
    return notOurs("an error without a code");
  const code = isErrorCode(body.code) ? body.code : "INTERNAL";
  return new EfsError(code, body.message, { hint: body.hint, details: body.details });
}

/** What a failed connection means, and what to type. */
export function connectionError(error: unknown, endpoint: Endpoint): EfsError {
  if (error instanceof EfsError) return error;
  const where = formatEndpoint(endpoint);
  const code = systemCode(error) ?? "";
  const message = error instanceof Error ? error.message : String(error);
  if (
    ["ECONNREFUSED", "ENOENT", "ENOTSOCK", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"].includes(
      code,
    )
  ) {
    return new EfsError("CONNECT_REFUSED", `no segment answers at ${where} (${code})`, {
      hint:
        endpoint.kind === "unix"
          ? "start one: efsd --data DIR"
          : "check the address, or start one: efsd --data DIR --admin-listen HOST:PORT",
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new EfsError("DENIED", `${where} belongs to another user`, {
      hint: "run as the user that runs efsd, or use --admin-listen and a token",
      cause: error,
    });
  }
  if (code === "ETIMEDOUT" || code.includes("TIMEOUT")) return timedOut(endpoint, undefined, error);
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new EfsError("DENIED", `${where} shows a certificate that is not trusted (${code})`, {
      hint: "name its authority in NODE_EXTRA_CA_CERTS",
      cause: error,
    });
  }
  return new EfsError("CONNECT_LOST", `the connection to ${where} was lost: ${message}`, {
    hint: "see the log of efsd; it may have been stopped",
    cause: error,
  });
}

export function timedOut(endpoint: Endpoint, timeoutMs?: number, cause?: unknown): EfsError {
  const within = timeoutMs === undefined ? "" : ` within ${timeoutMs / 1000} s`;
  return new EfsError("TIMEOUT", `no answer from ${formatEndpoint(endpoint)}${within}`, {
    hint: "the segment is busy or stuck: see the log of efsd, or allow more time with --timeout",
    cause,
  });
}

function notOurs(why: string, cause?: unknown): EfsError {
  return new EfsError("PROTOCOL", `the answer is not that of an efsd: ${why}`, {
    hint: "check the endpoint",
    cause,
  });
}
