/** Part of a list of references, and of a root: what lies in a range of bytes. */
import { EfsError } from "../../base/errors.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";

/**
 * The references that hold `lengthBytes` bytes from `skipBytes` on, the first and last cut to size.
 * @throws RECORD_CORRUPT when the list is shorter than that
 */
export function sliceReferences(
  references: readonly Reference[],
  range: { readonly skipBytes: number; readonly lengthBytes: number },
): readonly Reference[] {
  const endByte = range.skipBytes + range.lengthBytes;
  const kept: Reference[] = [];
  let at = 0;
  for (const reference of references) {
    if (at >= endByte) break;
    const from = Math.max(0, range.skipBytes - at);
    const to = Math.min(reference.lengthBytes, endByte - at);
    if (from < to) kept.push(sliceReference(reference, from, to));
    at += reference.lengthBytes;
  }
  if (at < endByte) throw new EfsError("RECORD_CORRUPT", `${endByte} bytes are named, ${at} are there`);
  return kept;
}

/** The root's references: none or one. `small` content has none: it is not part of trees. */
export function rootReferences(root: ContentRoot): readonly Reference[] {
  return root.kind === "none" || root.kind === "small" ? [] : [root];
}

function sliceReference(reference: Reference, from: number, to: number): Reference {
  if (from === 0 && to === reference.lengthBytes) return reference;
  if (reference.kind === "zeros") return { kind: "zeros", lengthBytes: to - from };
  return { ...reference, skipBytes: reference.skipBytes + from, lengthBytes: to - from };
}
