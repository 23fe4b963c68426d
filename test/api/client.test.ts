/** The client against servers that are not there, silent, or not ours. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/api/client.ts";
import { parseEndpoint } from "../../src/api/connection.ts";
import { bytesOf } from "../support/admin.ts";

let top = "";
let socket = "";
let server: Server | undefined;
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "efs-client-"));
  socket = path.join(top, "s.sock");
});
afterEach(() => {
  server?.close();
  rmSync(top, { recursive: true });
});

/** A server that answers each connection's first bytes with `text`, then closes unless it stays silent. */
async function answering(text: string | undefined): Promise<ReturnType<typeof connect>> {
  server = createServer((connection) => {
    connection.on("error", () => {});
    connection.once("data", () => {
      if (text !== undefined) connection.end(text);
    });
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  return connect({ endpoint: `unix:${socket}`, timeoutMs: 150 });
}

const json = (status: string, body: string, length = body.length) =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;

describe("the client", () => {
  it("says what to start when nobody listens", async () => {
    for (const endpoint of [`unix:${socket}`, "http://127.0.0.1:1"]) {
      const client = connect({ endpoint });
      for (const call of [
        () => client.systemStatus(),
        () => client.putObject("a/b/c", "o", new Uint8Array(1)),
      ]) {
        await expect(call()).rejects.toMatchObject({
          code: "CONNECT_REFUSED",
          hint: expect.stringContaining("efsd --data DIR"),
        });
      }
      await client.close();
    }
  });

  it("gives up on a silent server in time, for small calls and for bodies", async () => {
    const client = await answering(undefined);
    await expect(client.systemStatus()).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(client.getObject("a/b/c", "o")).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(client.putObject("a/b/c", "o", new Uint8Array(9))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    await client.close();
  });

  it.each([
    ["nothing", "", "CONNECT_LOST"],
    ["half an answer", json("200 OK", '{"response":', 500), "CONNECT_LOST"],
    ["no HTTP", "SSH-2.0-OpenSSH\r\n", "CONNECT_LOST"],
    ["no JSON", json("200 OK", "<html>"), "PROTOCOL"],
    ["JSON of another kind", json("200 OK", "[1]"), "PROTOCOL"],
    ["a response with a status of failure", json("500 Oops", '{"response":1}'), "PROTOCOL"],
    ["an error without a code", json("500 Oops", '{"error":{}}'), "PROTOCOL"],
    [
      "an error of ours",
      json("404 Not Found", '{"error":{"code":"BUCKET_NOT_FOUND","message":"m","hint":"h"}}'),
      "BUCKET_NOT_FOUND",
    ],
    [
      "an error that it does not know",
      json("500 Oops", '{"error":{"code":"NEW_ONE","message":"m"}}'),
      "INTERNAL",
    ],
  ])("names the failure when the answer is %s", async (_what, text, code) => {
    const client = await answering(text);
    await expect(client.systemStatus()).rejects.toMatchObject({ code });
    await expect(client.putObject("a/b/c", "o", new Uint8Array(9))).rejects.toMatchObject({ code });
    await expect(client.getObject("a/b/c", "o")).rejects.toMatchObject({ code });
    await client.close();
  });

  it("says TRUNCATED when an object ends early", async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-efs-info: {"name":"o"}\r\n\r\n';
    const client = await answering(`${head}only this`);
    const got = await client.getObject("a/b/c", "o");
    await expect(bytesOf(got.body)).rejects.toMatchObject({
      code: "TRUNCATED",
      details: { receivedBytes: 9, expectedBytes: 100 },
    });
    await client.close();
  });

  it("refuses endpoints that are none", () => {
    for (const text of ["", "unix:", "/tmp/x", "ftp://a", "http://a/b", "http://u:p@a", "http://a?x"]) {
      expect(() => parseEndpoint(text), text).toThrow(expect.objectContaining({ code: "BAD_VALUE" }));
    }
    expect(parseEndpoint("http://[::1]:80")).toEqual({ kind: "http", host: "::1", port: 80 });
  });

  it("refuses names with half a character before asking", async () => {
    const client = connect({ endpoint: `unix:${socket}` });
    await expect(client.showCluster("\ud800")).rejects.toMatchObject({ code: "BAD_NAME" });
  });

  it("loads nothing but Node's own modules until a body moves", () => {
    const source = path.resolve(import.meta.dirname, "../../src");
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      // `import type` and imports inside functions load nothing.
      for (const match of readFileSync(file, "utf8").matchAll(
        /^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gm,
      )) {
        const target = match[1] ?? "";
        if (target.startsWith(".")) visit(path.resolve(path.dirname(file), target));
        else expect(target, file).toMatch(/^node:(http|fs\/promises|os|path)$/);
      }
    };
    visit(path.join(source, "api/client.ts"));
    visit(path.join(source, "api/registry.ts"));
    expect(seen.size).toBeGreaterThan(5);
  });
});
