/** Content of at most 1 KiB: a record of its own, named by its hash, written in the commit of the version that has it. */
import { allocate } from "../../base/slab.ts";
import type { RecordKey, Write } from "../../engine/meta-store.ts";
import { contentId } from "../../model/hash.ts";
import { type ContentId, contentIdOf } from "../../model/ids.ts";
import type { ContentRoot } from "../../model/reference.ts";
import type { Core } from "../core/core.ts";
import { smallKey } from "../keys.ts";

export interface SmallContent {
  readonly root: ContentRoot;
  readonly write: Write | undefined;
}

/** The root of content of at most 1 KiB and the write that keeps it; takes a copy of the bytes. */
export function smallContentOf({ vault }: Pick<Core, "vault">, bytes: Uint8Array): SmallContent {
  if (bytes.length === 0) return { root: { kind: "none" }, write: undefined };
  if (vault !== undefined) {
    const id = contentId(bytes);
    return {
      root: { kind: "small", id, lengthBytes: bytes.length },
      write: smallWrite({ vault }, id, bytes),
    };
  }
  const own = allocate(bytes.length);
  own.set(bytes);
  const id = contentId(own);
  return { root: { kind: "small", id, lengthBytes: own.length }, write: { key: smallKey(id), value: own } };
}

/** The record of small content; takes the bytes over. */
export function smallWrite({ vault }: Pick<Core, "vault">, id: ContentId, bytes: Uint8Array): Write {
  const key = smallPlace({ vault }, id);
  return { key, value: vault === undefined ? bytes : vault.sealValue(key, bytes) };
}

/** The key of the record of small content. */
export function smallPlace({ vault }: Pick<Core, "vault">, id: ContentId): RecordKey {
  return smallKey(vault === undefined ? id : contentIdOf(vault.placeOf(id)));
}

/** What the record of small content holds; undefined when it is sealed and does not open. */
export function smallBytes(
  { vault }: Pick<Core, "vault">,
  key: RecordKey,
  value: Uint8Array,
): Uint8Array | undefined {
  return vault === undefined ? value : vault.openValue(key, value);
}
