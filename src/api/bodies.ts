/**
 * Object bodies between a program and an admin API: streaming both ways with backpressure, many in flight on pooled connections,
 * over undici. Loaded only when a body moves (see client.ts).
 */
import { Pool } from "undici";
import { EfsError } from "../base/errors.ts";
import {
  type ConnectionOptions,
  connectionError,
  errorOf,
  formatEndpoint,
  parseAnswer,
} from "./connection.ts";
import { asciiJson, HEADER_BYTES_MAX, INFO_HEADER, METADATA_HEADER } from "./header.ts";
import type { GetObjectOptions, ObjectBody, ObjectInfo, PutObjectOptions } from "./object.ts";

/** Connections kept for bodies; more bodies than that wait for their turn. */
const CONNECTIONS_MAX = 64;
const ERROR_TEXT_BYTES_MAX = 1024 * 1024;

export class Bodies {
  readonly #options: ConnectionOptions;
  readonly #pool: Pool;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { endpoint, timeoutMs } = options;
    const origin = endpoint.kind === "unix" ? "http://localhost" : formatEndpoint(endpoint);
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxHeaderSize: HEADER_BYTES_MAX,
      connect: { timeout: timeoutMs, ...(endpoint.kind === "unix" ? { socketPath: endpoint.path } : {}) },
    });
  }

  async put(
    target: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options: PutObjectOptions,
  ): Promise<ObjectInfo> {
    const sizeBytes = body instanceof Uint8Array ? body.length : options.sizeBytes;
    if (body instanceof Uint8Array) requireSize(body.length, options.sizeBytes ?? body.length);
    const headers = this.#headers({
      "content-type": options.contentType,
      "content-length": sizeBytes === undefined ? undefined : String(sizeBytes),
      "if-none-match": options.ifAbsent ? "*" : undefined,
      [METADATA_HEADER]: options.metadata === undefined ? undefined : asciiJson(options.metadata),
    });
    const source = new Source(body);
    const sent = body instanceof Uint8Array ? body : source.iterate(sizeBytes);
    try {
      const answer = await this.#pool.request({ method: "PUT", path: target, headers, body: sent as never });
      return parseAnswer(answer.statusCode, await answer.body.text()) as ObjectInfo;
    } catch (error) {
      throw source.failure ?? this.#translate(error);
    }
  }

  async get(target: string, options: GetObjectOptions): Promise<ObjectBody> {
    const { startByte = 0, endByte } = options;
    const isRange = startByte > 0 || endByte !== undefined;
    if (endByte !== undefined && endByte <= startByte) {
      throw new EfsError("BAD_VALUE", `the range ${startByte} to ${endByte} is empty`);
    }
    const range = `bytes=${startByte}-${endByte === undefined ? "" : endByte - 1}`;
    const headers = this.#headers({ range: isRange ? range : undefined });
    try {
      const answer = await this.#pool.request({ method: "GET", path: target, headers });
      const info = answer.headers[INFO_HEADER];
      if (answer.statusCode >= 300 || typeof info !== "string") {
        parseAnswer(answer.statusCode, await textOf(answer.body));
        throw errorOf(undefined);
      }
      const length = Number(answer.headers["content-length"]);
      const body = this.#read(answer.body, length);
      return { info: JSON.parse(info) as ObjectInfo, startByte, endByte: startByte + length, body };
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async *#read(body: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
    let received = 0;
    try {
      for await (const chunk of body) {
        received += chunk.length;
        yield chunk;
      }
    } catch (error) {
      const translated = this.#translate(error);
      if (translated.code !== "CONNECT_LOST") throw translated;
      throw truncated(received, length, error);
    }
    if (received !== length) throw truncated(received, length);
  }

  #headers(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
    const given: Record<string, string> = {};
    if (this.#options.token !== undefined) given.authorization = `Bearer ${this.#options.token}`;
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) given[name] = value;
    return given;
  }

  #translate(error: unknown): EfsError {
    return connectionError(error, this.#options.endpoint);
  }
}

/** A body on its way out. Remembers why it failed, because the connection's own error would hide it. */
class Source {
  readonly #body: AsyncIterable<Uint8Array> | Uint8Array;
  failure: unknown;

  constructor(body: AsyncIterable<Uint8Array> | Uint8Array) {
    this.#body = body;
  }

  async *iterate(sizeBytes: number | undefined): AsyncGenerator<Uint8Array> {
    try {
      yield* counted(this.#body as AsyncIterable<Uint8Array>, sizeBytes);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

/**
 * The chunks of a body of `sizeBytes`. The last is held back until the body has ended: a body that is longer than said must not
 * be complete at the far side before that is known. So a chunk must stay as it is while the next is made.
 */
async function* counted(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number | undefined,
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    sentBytes += chunk.length;
    if (sizeBytes !== undefined && sentBytes > sizeBytes) requireSize(sentBytes, sizeBytes);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (sizeBytes !== undefined) requireSize(sentBytes, sizeBytes);
  if (held !== undefined) yield held;
}

function requireSize(sizeBytes: number, expectedBytes: number): void {
  if (sizeBytes === expectedBytes) return;
  const isLonger = sizeBytes > expectedBytes;
  throw new EfsError(
    isLonger ? "TOO_LARGE" : "TRUNCATED",
    `the content has ${isLonger ? "more than the" : `${sizeBytes} bytes, not the`} ${expectedBytes} bytes that were said`,
    { hint: "was the source changed while it was read? try again" },
  );
}

function truncated(receivedBytes: number, expectedBytes: number, cause?: unknown): EfsError {
  return new EfsError("TRUNCATED", `the content ended after ${receivedBytes} of ${expectedBytes} bytes`, {
    hint: "see the log of efsd for the cause",
    details: { receivedBytes, expectedBytes },
    cause,
  });
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body) {
    sizeBytes += part.length;
    if (sizeBytes > ERROR_TEXT_BYTES_MAX) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
