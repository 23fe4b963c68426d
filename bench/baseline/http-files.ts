/**
 * Baseline of an object server: PUT to a temporary file with SHA-256, fsync and rename; GET from the file, or from memory
 * under `/memory/`. `node http-files.js DIRECTORY` prints the port that it listens on.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import path from "node:path";

const memory = new Map<string, Buffer>();

async function put(file: string, request: IncomingMessage): Promise<void> {
  const partial = `${file}.${randomUUID()}`;
  const hash = createHash("sha256");
  const handle = await open(partial, "w");
  for await (const bytes of request) {
    hash.update(bytes);
    await handle.write(bytes);
  }
  hash.digest();
  await handle.sync();
  await handle.close();
  await rename(partial, file);
}

const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const url = request.url ?? "/";
  const file = path.join(process.argv[2] ?? "", path.basename(url));
  if (request.method === "PUT") {
    await put(file, request);
    response.writeHead(200, { "Content-Length": 0 }).end();
  } else if (url.startsWith("/memory/")) {
    const bytes = memory.get(file) ?? (await readFile(file));
    memory.set(file, bytes);
    response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
  } else createReadStream(file).pipe(response.writeHead(200, { "Content-Length": (await stat(file)).size }));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${Object(server.address()).port}\n`));
