/** A thread that computes MD5 of many streams at once, piece by piece, out of memory that it shares with the streams. */
import { createHash, type Hash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { type Md5Memory, type Md5Reply, type Md5Request, PLACE_BYTES } from "./md5-messages.ts";

const port = parentPort;
const memory = workerData as Md5Memory;
const content = new Uint8Array(memory.content);
const taken = new Int32Array(memory.taken);
const hashes = new Map<number, Hash>();

port?.on("message", (request: Md5Request) => {
  const answer = (reply: Md5Reply) => port.postMessage(reply);
  if (request.kind === "settle") {
    answer({ kind: "idle" });
    return;
  }
  const { id } = request;
  if (request.kind === "drop") {
    hashes.delete(id);
    return;
  }
  const hash = hashes.get(id) ?? createHash("md5");
  if (request.kind === "update") {
    const start = request.place * PLACE_BYTES;
    hashes.set(id, hash.update(content.subarray(start, start + request.sizeBytes)));
    Atomics.store(taken, request.place, 0);
    return;
  }
  hashes.delete(id);
  answer({ kind: "done", id, md5: new Uint8Array(hash.digest()) });
});
