/** Requests of `bench s3`, signed beforehand with the SDK's own signer, so that signing is no part of what is measured. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { PreparedRequest } from "./load.ts";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** `keys` undefined: not signed (nginx, the baselines). */
export async function prepare(options: {
  readonly method: "GET" | "PUT";
  readonly port: number;
  readonly path: string;
  readonly body?: Buffer | undefined;
  readonly keys: Keys | undefined;
}): Promise<PreparedRequest> {
  const { method, port, path, body, keys } = options;
  const headers: Record<string, string> = { host: `127.0.0.1:${port}` };
  if (body !== undefined) headers["content-length"] = String(body.length);
  const signed = keys === undefined ? headers : await sign({ method, port, path, body, keys, headers });
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), body };
}

async function sign(options: {
  readonly method: string;
  readonly port: number;
  readonly path: string;
  readonly body: Buffer | undefined;
  readonly keys: Keys;
  readonly headers: Readonly<Record<string, string>>;
}): Promise<Record<string, string>> {
  const { method, port, path, body, keys, headers } = options;
  const signer = new SignatureV4({
    credentials: keys,
    region: "us-east-1",
    service: "s3",
    sha256: Sha256 as never,
    uriEscapePath: false,
  });
  const hash = createHash("sha256")
    .update(body ?? "")
    .digest("hex");
  const request = await signer.sign({
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    port,
    path,
    query: {},
    headers: { ...headers, "x-amz-content-sha256": hash },
  });
  return request.headers;
}
