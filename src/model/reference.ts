/**
 * References: how content points at chunks. A reference is a slice of a chunk, a slice of the content under a tree node, or a
 * run of zeros. A list of references, end to end, is content.
 */
import type { ContentId } from "./ids.ts";

export type Reference =
  | { readonly kind: "zeros"; readonly lengthBytes: number }
  | {
      /** `chunk`: plain bytes under that id. `node`: the content under that tree node. */
      readonly kind: "chunk" | "node";
      readonly id: ContentId;
      /** Bytes left out at the front of what the id names. */
      readonly skipBytes: number;
      readonly lengthBytes: number;
    };

/** Where the content of a version begins. `none`: no bytes (size 0). `small`: at most 1 KiB, a record of its own. */
export type ContentRoot =
  | { readonly kind: "none" }
  | { readonly kind: "small"; readonly id: ContentId; readonly lengthBytes: number }
  | Reference;

export function rootSizeBytes(root: ContentRoot): number {
  return root.kind === "none" ? 0 : root.lengthBytes;
}

/** One word of text that tells roots apart; for maps and for comparing. */
export function rootKey(root: ContentRoot): string {
  if (root.kind === "none") return "none";
  if (root.kind === "zeros") return `zeros:${root.lengthBytes}`;
  const id = Buffer.from(root.id.buffer, root.id.byteOffset, root.id.length).toString("hex");
  if (root.kind === "small") return `small:${id}`;
  return `${root.kind}:${id}:${root.skipBytes}:${root.lengthBytes}`;
}
