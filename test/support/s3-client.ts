/** A small S3 client for tests: path-style requests over kept connections, signed in the header (SigV4) over the hash of the body. */
import { createHash, createHmac } from "node:crypto";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { systemClock } from "../../src/base/clock.ts";
import { element } from "./s3-action.ts";
import type { S3Call, S3Reply, S3Transport } from "./s3-model.ts";

const REGION = "us-east-1";

export interface S3ClientOptions {
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface S3Client {
  /** Rejects when no answer comes. */
  readonly ask: S3Transport;
  close(): void;
}

export function s3Client(options: S3ClientOptions): S3Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const ask = (call: S3Call): Promise<S3Reply> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(call.body ?? "");
      const path = pathOf(call);
      const headers = {
        ...call.headers,
        host: `127.0.0.1:${options.port}`,
        "content-length": String(body.length),
      };
      const signed = { ...headers, ...signatureOf({ call, path, headers, body }, options) };
      const { method } = call;
      const sent = httpRequest({
        agent,
        host: "127.0.0.1",
        port: options.port,
        method,
        path,
        headers: signed,
      });
      sent.once("error", reject);
      sent.once("response", (response) => replyOf(response).then(resolve, reject));
      sent.end(body);
    });
  return { ask, close: () => agent.destroy() };
}

async function replyOf(response: IncomingMessage): Promise<S3Reply> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
  const text = bytes.toString();
  const status = response.statusCode ?? 0;
  return {
    status,
    headers,
    bytes: new Uint8Array(bytes),
    text,
    code: status < 300 ? undefined : element(text, "Code"),
  };
}

function pathOf({ bucket, key, query = {} }: S3Call): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const path = `/${bucket}${key === undefined ? "" : `/${encoded(key).replaceAll("%2F", "/")}`}`;
  return pairs.length === 0 ? path : `${path}?${pairs.sort().join("&")}`;
}

interface ToSign {
  readonly call: S3Call;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

function signatureOf(
  { call, path, headers, body }: ToSign,
  options: S3ClientOptions,
): Record<string, string> {
  const date = new Date(systemClock.wallMs()).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const sha256 = createHash("sha256").update(body).digest("hex");
  const all: Record<string, string> = { ...headers, "x-amz-date": date, "x-amz-content-sha256": sha256 };
  const names = Object.keys(all)
    .map((name) => name.toLowerCase())
    .sort();
  const [target = "", query = ""] = path.split("?");
  const canonical = [
    call.method,
    target,
    query,
    // Node sends text as one byte a character; what is signed are those bytes.
    ...names.map((name) => `${name}:${(all[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    names.join(";"),
    sha256,
  ].join("\n");
  const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const hash = createHash("sha256").update(canonical, "latin1").digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${options.secretKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, hash].join("\n")).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${options.accessKey}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { "x-amz-date": date, "x-amz-content-sha256": sha256, authorization };
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
