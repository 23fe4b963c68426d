/** Decides for a local file and its stored object what is to be done: nothing, new attributes, or a new version. */
import type { AdminClient } from "../../api/admin-client.ts";
import type { ObjectInfo } from "../../api/object.ts";
import { toHex } from "../../base/bytes.ts";
import { type FileFacts, isSameMode, isSameMtime } from "./attributes.ts";
import { withFile } from "./read-file.ts";

export type Verdict = "same" | "attributes" | "content";

export interface Candidate {
  readonly path: string;
  readonly facts: FileFacts;
  readonly stored: ObjectInfo | null;
}

/** By size and time, as rsync does. A file whose time differs is put again: what is stored already costs no chunk. */
export function compareFacts({ facts, stored }: Candidate): Verdict {
  if (stored === null || stored.sizeBytes !== facts.sizeBytes) return "content";
  if (!isSameMtime(facts, stored.metadata)) return "content";
  return isSameMode(facts, stored.metadata) ? "same" : "attributes";
}

/** By content: by content id where one hash of the file decides, else by reading both. @throws as reading the file or the object does */
export async function compareContent(
  api: AdminClient,
  bucket: string,
  candidate: Candidate,
): Promise<Verdict> {
  const { facts, stored, path } = candidate;
  if (stored === null || stored.sizeBytes !== facts.sizeBytes) return "content";
  const isEqual = await withFile(path, { followsLinks: false }, async ({ body }) => {
    const pieces = body instanceof Uint8Array ? [body] : body;
    return stored.contentKind === "small" || stored.contentKind === "chunk"
      ? (await hashOf(pieces)) === stored.contentId
      : equalStreams(
          pieces,
          (await api.getObject(bucket, stored.name, { versionId: stored.versionId })).body,
        );
  });
  if (!isEqual) return "content";
  return isSameMtime(facts, stored.metadata) && isSameMode(facts, stored.metadata) ? "same" : "attributes";
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

async function hashOf(pieces: Pieces): Promise<string> {
  const { contentHasher } = await import("../../model/hash.ts");
  const hasher = contentHasher();
  for await (const piece of pieces) hasher.update(piece);
  return toHex(hasher.id());
}

async function equalStreams(left: Pieces, right: AsyncIterable<Uint8Array>): Promise<boolean> {
  const other = right[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  try {
    for await (const piece of left) {
      for (let offset = 0; offset < piece.length; ) {
        if (rest.length === 0) {
          const next = await other.next();
          if (next.done === true) return false;
          rest = next.value;
          continue;
        }
        const count = Math.min(rest.length, piece.length - offset);
        if (Buffer.compare(piece.subarray(offset, offset + count), rest.subarray(0, count)) !== 0)
          return false;
        rest = rest.subarray(count);
        offset += count;
      }
    }
    return rest.length === 0 && (await other.next()).done === true;
  } finally {
    await other.return?.();
  }
}
