/** One request as it came over HTTP: its parts parsed lazily where few ask for them, the body ready to be decoded once the request is authenticated. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { RequestBody, S3Request } from "../action.ts";
import { S3Error } from "../errors.ts";
import { type Addressed, addressed } from "./addressing.ts";
import { withHoistedHeaders } from "./hoisted-headers.ts";
import { RawBody } from "./raw-body.ts";

export interface IncomingOptions {
  readonly id: string;
  /** Lower case. */
  readonly domains: readonly string[];
  /** Whether what this peer says of its client is believed. */
  readonly isProxy: (address: string) => boolean;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly isExpecting: boolean;
}

export class Incoming implements S3Request {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly method: string;
  /** As it was sent, one character a byte. */
  readonly target: string;
  /** As they came; what a signature covers. */
  readonly sentHeaders: ReadonlyMap<string, string>;
  /** With those of a presigned query, once it is addressed. */
  headers: ReadonlyMap<string, string>;
  readonly raw: RawBody;
  readonly #domains: readonly string[];
  readonly #isProxied: boolean;
  #addressed: Addressed | undefined;
  #body: RequestBody | undefined;
  #aborting: AbortController | undefined;

  constructor(message: IncomingMessage, response: ServerResponse, options: IncomingOptions) {
    this.message = message;
    this.response = response;
    this.id = options.id;
    this.method = message.method ?? "";
    this.target = message.url ?? "";
    this.sentHeaders = headersOf(message);
    this.headers = this.sentHeaders;
    this.raw = new RawBody(message, options.isExpecting ? () => response.writeContinue() : undefined);
    this.#domains = options.domains;
    this.#isProxied =
      (this.headers.has("x-forwarded-for") || this.headers.has("x-forwarded-proto")) &&
      options.isProxy(message.socket.remoteAddress ?? "");
  }

  /** @throws BadRequest (no host, or several), InvalidURI, InvalidBucketName, InvalidArgument (a header in a presigned query) */
  address(): void {
    const isNameless = this.#host === "" && this.message.httpVersion !== "1.0";
    if (isNameless || this.#host.includes(",")) {
      throw new S3Error("BadRequest", "The request must have one Host header", {
        headers: { Connection: "close" },
      });
    }
    this.#addressed = addressed(this.target, this.#host, this.#domains);
    this.headers = withHoistedHeaders(this.sentHeaders, this.#addressed.query);
  }

  get bucket(): string | undefined {
    return this.#addressed?.bucket;
  }

  get key(): string | undefined {
    return this.#addressed?.key;
  }

  get query(): ReadonlyMap<string, string> {
    return this.#addressed?.query ?? NO_QUERY;
  }

  get body(): RequestBody {
    if (this.#body === undefined) throw new S3Error("InternalError");
    return this.#body;
  }

  decodeBody(body: RequestBody): void {
    this.#body = body;
  }

  get isSecure(): boolean {
    const proto = this.#isProxied ? this.headers.get("x-forwarded-proto") : undefined;
    return proto === undefined
      ? (this.message.socket as Partial<TLSSocket>).encrypted === true
      : proto.toLowerCase() === "https";
  }

  get baseUrl(): string {
    return `${this.isSecure ? "https" : "http"}://${this.#host}`;
  }

  get remoteAddress(): string {
    // The last one is what the trusted proxy saw itself; those before it are the client's own words.
    const forwarded = this.#isProxied
      ? this.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim()
      : undefined;
    const address = forwarded ?? this.message.socket.remoteAddress ?? "";
    return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
  }

  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      const aborting = new AbortController();
      this.#aborting = aborting;
      if (this.response.destroyed) aborting.abort();
      else {
        this.response.once("close", () => {
          if (!this.response.writableFinished) aborting.abort();
        });
      }
    }
    return this.#aborting.signal;
  }

  /** As it was addressed, for error bodies and logs. */
  get resource(): string {
    const mark = this.target.indexOf("?");
    return mark < 0 ? this.target : this.target.slice(0, mark);
  }

  get #host(): string {
    return this.headers.get("host") ?? "";
  }
}

const NO_QUERY: ReadonlyMap<string, string> = new Map();

function headersOf(message: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const given = message.headers;
  for (const name in given) {
    const value = given[name];
    if (value !== undefined) headers.set(name, typeof value === "string" ? value : value.join(", "));
  }
  return headers;
}
