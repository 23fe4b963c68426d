/** A worker thread of the chunk pool: takes windows one after another, answers where it cut, then what it made. */
import { parentPort } from "node:worker_threads";
import { vaultOfKey } from "../vault/vault.ts";
import { cutWindow } from "./cutter.ts";
import { packPieces } from "./window.ts";
import { flattenPieces, type WindowRequest, type WorkerReply } from "./worker-messages.ts";

const port = parentPort;
port?.on("message", (request: WindowRequest) => {
  const { id, buffer } = request;
  const answer = (reply: WorkerReply, moved: readonly ArrayBuffer[]) => port.postMessage(reply, moved);
  try {
    const bytes = new Uint8Array(buffer, request.startOffset, request.endOffset - request.startOffset);
    const { chunking, isLast } = request;
    const cut = cutWindow({ bytes, chunking, isLast, openZerosBytes: request.openZerosBytes });
    // The next window waits for these bytes, so they leave before the hashing begins.
    const undecided = bytes.slice(cut.undecidedOffset);
    answer({ kind: "cut", id, undecided, openZerosBytes: cut.openZerosBytes }, [undecided.buffer]);
    const packed = flattenPieces(packPieces(bytes, cut.pieces, vaultOfKey(request.bucketKey)), buffer);
    answer({ kind: "packed", id, packed }, [
      packed.numbers.buffer as ArrayBuffer,
      packed.ids.buffer as ArrayBuffer,
      packed.compressed.buffer as ArrayBuffer,
      buffer,
    ]);
  } catch (error) {
    answer({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) }, []);
  }
});
