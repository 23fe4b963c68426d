/** Content of at most 1 KiB: a record of its own, named by its hash, written in the commit of the version that has it. */
import { allocate } from "../../base/slab.ts";
import type { Write } from "../../engine/meta-store.ts";
import { contentId } from "../../model/hash.ts";
import type { ContentRoot } from "../../model/reference.ts";
import { smallKey } from "../keys.ts";

export interface SmallContent {
  readonly root: ContentRoot;
  readonly write: Write | undefined;
}

/** The root of content of at most 1 KiB and the write that keeps it; takes a copy of the bytes. */
export function smallContentOf(bytes: Uint8Array): SmallContent {
  if (bytes.length === 0) return { root: { kind: "none" }, write: undefined };
  const own = allocate(bytes.length);
  own.set(bytes);
  const id = contentId(own);
  return { root: { kind: "small", id, lengthBytes: own.length }, write: { key: smallKey(id), value: own } };
}
