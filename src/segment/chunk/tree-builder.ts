/**
 * Builds the tree of references from its leaves up. Nodes are cut by content: a reference whose id says so ends its node, so an
 * insertion renews one path and the nodes beside it stay as they are. A node is handed out only after everything under it
 * has been given or handed out. FORMAT.md "Tree".
 */
import { EfsError } from "../../base/errors.ts";
import type { ChunkPut } from "../../engine/chunk-store.ts";
import { encodeNode } from "../../model/chunk-manifest.ts";
import { nodeId } from "../../model/hash.ts";
import { NODE_REFERENCES_AVERAGE, NODE_REFERENCES_MAX, OBJECT_SIZE_BYTES_MAX } from "../../model/limits.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";
import { CODEC_PLAIN } from "./codec.ts";

/** A boundary before so many references does not count: a tree of equal boundaries would never narrow. */
const NODE_REFERENCES_MIN = 4;

export interface BuiltTree {
  /** `none` for no references; a single reference is itself the root. Never `small`: that is the caller's to decide. */
  readonly root: ContentRoot;
  /** The nodes that were still open, in the order in which they must be stored. */
  readonly nodes: readonly ChunkPut[];
}

export class TreeBuilder {
  /** References of the open node of each level, leaves first. */
  readonly #levels: Reference[][] = [[]];
  #sizeBytes = 0;

  /** Length of the content so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Adds the next reference; returns the nodes that it completes, in the order in which they must be stored: after what is
   * under them. @throws TOO_LARGE
   */
  add(reference: Reference): readonly ChunkPut[] {
    this.#sizeBytes += reference.lengthBytes;
    if (this.#sizeBytes > OBJECT_SIZE_BYTES_MAX) {
      throw new EfsError("TOO_LARGE", `the content is longer than ${OBJECT_SIZE_BYTES_MAX} bytes`);
    }
    const nodes: ChunkPut[] = [];
    this.#push(0, reference, nodes);
    return nodes;
  }

  /** Closes what is open. The builder is not used afterwards. */
  finish(): BuiltTree {
    const nodes: ChunkPut[] = [];
    for (let level = 0; ; level += 1) {
      const open = this.#levels[level] ?? [];
      const isTop = level === this.#levels.length - 1;
      const only = open.length === 1 ? open[0] : undefined;
      if (isTop && open.length === 0) return { root: { kind: "none" }, nodes };
      if (isTop && only !== undefined) return { root: only, nodes };
      // A lone reference moves up as it is: trees may differ in depth.
      if (only !== undefined) this.#push(level + 1, only, nodes);
      else if (open.length > 0) this.#close(level, nodes);
    }
  }

  #push(level: number, reference: Reference, nodes: ChunkPut[]): void {
    const open = this.#levels[level] ?? [];
    this.#levels[level] = open;
    open.push(reference);
    const isBoundary = open.length >= NODE_REFERENCES_MIN && endsNode(reference);
    if (isBoundary || open.length >= NODE_REFERENCES_MAX) this.#close(level, nodes);
  }

  #close(level: number, nodes: ChunkPut[]): void {
    const open = this.#levels[level] ?? [];
    this.#levels[level] = [];
    const bytes = encodeNode(open);
    const id = nodeId(bytes);
    nodes.push({ key: id, codec: CODEC_PLAIN, keyId: 0, plainBytes: bytes.length, bytes });
    let lengthBytes = 0;
    for (const reference of open) lengthBytes += reference.lengthBytes;
    this.#push(level + 1, { kind: "node", id, skipBytes: 0, lengthBytes }, nodes);
  }
}

/** One reference in NODE_REFERENCES_AVERAGE, by the last bits of its id; a run of zeros never. */
function endsNode(reference: Reference): boolean {
  if (reference.kind === "zeros") return false;
  return ((reference.id[31] as number) & (NODE_REFERENCES_AVERAGE - 1)) === 0;
}
