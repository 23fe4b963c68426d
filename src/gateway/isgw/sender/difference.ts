/**
 * Where the old bytes are for what is new: lays the tree of an object's content beside the tree of what it held before, and
 * gives for each new chunk the old range around its place (counted from the nearest unchanged neighbours) and for
 * each new node the old nodes that covered its place. Reads only nodes that differ, at most a bounded number.
 */
import type { ContentId } from "../../../model/ids.ts";
import { type ContentRoot, type Reference, rootKey, rootSizeBytes } from "../../../model/reference.ts";

/** Changed nodes read of both trees together; beyond it nothing is sent as a difference. */
const NODES_MAX = 4096;
/** A changed stretch of at most this size is taken whole as the base of every chunk in it. */
const GAP_BYTES_MAX = 384 * 1024;
/** In a longer stretch: how far around its place a chunk looks. */
const WINDOW_PAD_BYTES = 32 * 1024;
const BASE_NODES = 2;
/** Of two nodes that share less of their places little can be said by the other. */
const LIKENESS_MIN = 0.05;

export interface BaseRange {
  readonly startByte: number;
  readonly lengthBytes: number;
}

export interface DifferencePlan {
  /** By the hex id of a new chunk: ranges of the base content, each worth a try. */
  readonly chunks: ReadonlyMap<string, readonly BaseRange[]>;
  /** By the hex id of a new node: nodes of the base tree. */
  readonly nodes: ReadonlyMap<string, readonly ContentId[]>;
}

export type ReadNode = (id: ContentId) => Promise<readonly Reference[]>;

/** undefined when the two have too little in common to be worth it. @throws CHUNK_CORRUPT, CHUNK_MISSING */
export async function planDifference(
  readNode: ReadNode,
  content: { readonly base: ContentRoot; readonly root: ContentRoot },
): Promise<DifferencePlan | undefined> {
  const { base, root } = content;
  if (rootSizeBytes(base) === 0) return undefined;
  const sides = { old: new Side(base), fresh: new Side(root) };
  if (!(await meet(readNode, sides.old, sides.fresh))) return undefined;
  const anchors = findAnchors(sides.old.tokens, sides.fresh.tokens);
  return {
    chunks: placeChunks(sides.fresh.tokens, anchors, rootSizeBytes(base)),
    nodes: placeNodes(sides.old.opened, sides.fresh.opened, anchors),
  };
}

export function idKey(id: ContentId): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("hex");
}

interface Token {
  readonly root: ContentRoot;
  readonly key: string;
  readonly startByte: number;
  readonly lengthBytes: number;
}

interface OpenedNode {
  readonly id: ContentId;
  readonly startByte: number;
  readonly lengthBytes: number;
}

/** One tree as a row of tokens, end to end, and the nodes that were opened to get them. */
class Side {
  tokens: readonly Token[];
  readonly opened: OpenedNode[] = [];

  constructor(root: ContentRoot) {
    this.tokens = [tokenOf(root, 0)];
  }

  /** Nodes that the other side does not have. */
  own(other: Side): readonly Token[] {
    const keys = new Set(other.tokens.map((token) => token.key));
    return this.tokens.filter((token) => token.root.kind === "node" && !keys.has(token.key));
  }

  async open(readNode: ReadNode, chosen: ReadonlySet<Token>): Promise<void> {
    const tokens: Token[] = [];
    for (const token of this.tokens) {
      if (!chosen.has(token) || token.root.kind !== "node") {
        tokens.push(token);
        continue;
      }
      const { id, skipBytes, lengthBytes } = token.root;
      this.opened.push({ id, startByte: token.startByte, lengthBytes });
      tokens.push(...slice(await readNode(id), skipBytes, lengthBytes, token.startByte));
    }
    this.tokens = tokens;
  }
}

/** Opens differing nodes, the largest first, until none is left. False when there are too many. */
async function meet(readNode: ReadNode, old: Side, fresh: Side): Promise<boolean> {
  for (;;) {
    const oldOwn = old.own(fresh);
    const freshOwn = fresh.own(old);
    let longest = 0;
    for (const token of [...oldOwn, ...freshOwn]) longest = Math.max(longest, token.lengthBytes);
    if (longest === 0) return true;
    const isLong = (token: Token) => token.lengthBytes * 4 >= longest;
    const oldChosen = new Set(oldOwn.filter(isLong));
    const freshChosen = new Set(freshOwn.filter(isLong));
    const opened = old.opened.length + fresh.opened.length;
    if (opened + oldChosen.size + freshChosen.size > NODES_MAX) return false;
    await old.open(readNode, oldChosen);
    await fresh.open(readNode, freshChosen);
  }
}

function slice(
  references: readonly Reference[],
  skipBytes: number,
  lengthBytes: number,
  startByte: number,
): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (const reference of references) {
    const from = Math.max(at, skipBytes);
    const to = Math.min(at + reference.lengthBytes, skipBytes + lengthBytes);
    if (from < to) {
      const length = to - from;
      const part: Reference =
        reference.kind === "zeros"
          ? { kind: "zeros", lengthBytes: length }
          : { ...reference, skipBytes: reference.skipBytes + from - at, lengthBytes: length };
      tokens.push(tokenOf(part, startByte + from - skipBytes));
    }
    at += reference.lengthBytes;
  }
  return tokens;
}

function tokenOf(root: ContentRoot, startByte: number): Token {
  return { root, key: rootKey(root), startByte, lengthBytes: rootSizeBytes(root) };
}

/** A stretch that both sides have, long or short. */
interface Anchor {
  readonly freshStart: number;
  readonly oldStart: number;
  readonly lengthBytes: number;
}

/** For each unchanged token, in order of the new content, the nearest place where the old content has it. */
function findAnchors(old: readonly Token[], fresh: readonly Token[]): readonly Anchor[] {
  const places = new Map<string, number[]>();
  for (const token of old) {
    if (token.root.kind === "zeros") continue;
    const known = places.get(token.key);
    if (known === undefined) places.set(token.key, [token.startByte]);
    else known.push(token.startByte);
  }
  const anchors: Anchor[] = [];
  let shift = 0;
  for (const token of fresh) {
    const starts = places.get(token.key);
    if (starts === undefined) continue;
    const oldStart = nearest(starts, token.startByte + shift);
    shift = oldStart - token.startByte;
    anchors.push({ freshStart: token.startByte, oldStart, lengthBytes: token.lengthBytes });
  }
  return anchors;
}

/** The value nearest to `wanted` of an ascending, non-empty list. */
function nearest(ascending: readonly number[], wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  const above = ascending[low] ?? 0;
  const below = ascending[low - 1] ?? above;
  return Math.abs(below - wanted) <= Math.abs(above - wanted) ? below : above;
}

function placeChunks(
  fresh: readonly Token[],
  anchors: readonly Anchor[],
  oldBytes: number,
): ReadonlyMap<string, readonly BaseRange[]> {
  const chunks = new Map<string, readonly BaseRange[]>();
  const last = fresh.at(-1);
  const freshBytes = last === undefined ? 0 : last.startByte + last.lengthBytes;
  let next = 0;
  for (const token of fresh) {
    while (next < anchors.length && (anchors[next]?.freshStart ?? 0) < token.startByte + token.lengthBytes)
      next += 1;
    if (token.root.kind !== "chunk") continue;
    const before = anchors[next - 1];
    const after = anchors[next];
    if (before !== undefined && before.freshStart === token.startByte) continue;
    const id = idKey(token.root.id);
    if (chunks.has(id)) continue;
    const ranges = rangesFor(token, token.root.skipBytes, {
      freshStart: before === undefined ? 0 : before.freshStart + before.lengthBytes,
      freshEnd: after?.freshStart ?? freshBytes,
      oldStart: before === undefined ? 0 : before.oldStart + before.lengthBytes,
      oldEnd: after?.oldStart ?? oldBytes,
      oldBytes,
    });
    if (ranges.length > 0) chunks.set(id, ranges);
  }
  return chunks;
}

interface Gap {
  readonly freshStart: number;
  readonly freshEnd: number;
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly oldBytes: number;
}

/**
 * The old bytes for one chunk of a changed stretch: all of a short one; else around its place, counted from the neighbour
 * before it and from the one behind it, which differ when something was moved.
 */
function rangesFor(token: Token, skipBytes: number, gap: Gap): readonly BaseRange[] {
  const gapBytes = gap.oldEnd - gap.oldStart;
  if (gapBytes === 0) return [];
  if (gapBytes > 0 && gapBytes <= GAP_BYTES_MAX) return [{ startByte: gap.oldStart, lengthBytes: gapBytes }];
  const around = (place: number): BaseRange => {
    const start = Math.max(0, place - skipBytes - WINDOW_PAD_BYTES);
    const end = Math.min(gap.oldBytes, place + token.lengthBytes + WINDOW_PAD_BYTES);
    return { startByte: start, lengthBytes: Math.max(0, end - start) };
  };
  const fromBefore = gap.oldStart + (token.startByte - gap.freshStart);
  const fromBehind = gap.oldEnd - (gap.freshEnd - token.startByte);
  const places =
    Math.abs(fromBefore - fromBehind) < WINDOW_PAD_BYTES / 2 ? [fromBefore] : [fromBefore, fromBehind];
  return places.map(around).filter((range) => range.lengthBytes > 0);
}

function placeNodes(
  old: readonly OpenedNode[],
  fresh: readonly OpenedNode[],
  anchors: readonly Anchor[],
): ReadonlyMap<string, readonly ContentId[]> {
  const nodes = new Map<string, readonly ContentId[]>();
  for (const node of fresh) {
    const start = node.startByte + shiftAt(anchors, node.startByte);
    const near = old
      .map((candidate) => ({ candidate, likeness: likenessOf(candidate, start, node.lengthBytes) }))
      .filter(({ likeness }) => likeness >= LIKENESS_MIN)
      .sort((left, right) => right.likeness - left.likeness)
      .slice(0, BASE_NODES);
    if (near.length > 0)
      nodes.set(
        idKey(node.id),
        near.map(({ candidate }) => candidate.id),
      );
  }
  return nodes;
}

/** The share of both together that both cover: near 1 for the node of the same place and level. */
function likenessOf(node: OpenedNode, startByte: number, lengthBytes: number): number {
  const end = Math.min(node.startByte + node.lengthBytes, startByte + lengthBytes);
  const shared = end - Math.max(node.startByte, startByte);
  return shared / (node.lengthBytes + lengthBytes - shared);
}

/** How far the old content is ahead of the new one at a place, by the last anchor that begins at or before it. */
function shiftAt(anchors: readonly Anchor[], startByte: number): number {
  let low = 0;
  let high = anchors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((anchors[middle]?.freshStart ?? 0) <= startByte) low = middle + 1;
    else high = middle;
  }
  const anchor = anchors[low - 1] ?? anchors[0];
  return anchor === undefined ? 0 : anchor.oldStart - anchor.freshStart;
}
