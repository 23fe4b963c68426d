/**
 * What of a new content is not in an old one, found through their trees: descends only where nodes differ, both trees level by
 * level. For a sender that wants to know what to send and where in the old content to look for bases. It may name too much (a
 * piece that moved far), never too little: whoever has the old content and what is named here has the new content.
 */
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { ContentId } from "../../model/ids.ts";
import { TREE_DEPTH_MAX } from "../../model/limits.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";
import { alignKeys } from "./tree-align.ts";
import { rootReferences, sliceReferences } from "./tree-slice.ts";

export type ReadNode = (id: ContentId) => Promise<readonly Reference[]>;

/** A stretch of the new content that is not shared, and the stretch of the old content that it stands in for. */
export interface ChangedRegion {
  readonly kind: "region";
  /** Chunks and zeros, end to end from `startByte` of the new content on; 1 to 256, at least one chunk among them. */
  readonly references: readonly Reference[];
  readonly startByte: number;
  readonly endByte: number;
  /** What lay between the same unchanged neighbours in the old content; equal when nothing did. */
  readonly oldStartByte: number;
  readonly oldEndByte: number;
}

/** A node that the old tree has not; comes after every region and node under it. */
export interface ChangedNode {
  readonly kind: "node";
  readonly id: ContentId;
  /** The node of the old tree that lay about there: a likely base. */
  readonly replaces: ContentId | undefined;
}

const REGION_REFERENCES_MAX = 256;
/** Nodes of one side that are opened together. */
const GROUP_NODES_MAX = 32;
/** New nodes remembered, so that content that repeats itself is walked once. */
const WALKED_MAX = 100_000;

/** A reference where it lies in its content; `level` is 0 for chunks and zeros, and rises towards the root. */
interface Item {
  readonly reference: Reference;
  readonly startByte: number;
  readonly level: number;
}

/** Stretches of both contents that stand for each other. */
interface Group {
  readonly news: readonly Item[];
  readonly olds: readonly Item[];
  readonly oldStartByte: number;
  readonly oldEndByte: number;
}

interface Walk {
  readonly readNode: ReadNode;
  readonly walked: Set<string>;
}

export async function* changedReferences(
  newRoot: ContentRoot,
  oldRoot: ContentRoot,
  readNode: ReadNode,
): AsyncGenerator<ChangedRegion | ChangedNode> {
  const walk = { readNode, walked: new Set<string>() };
  const news = await rootItems(newRoot, readNode);
  const olds = await rootItems(oldRoot, readNode);
  const oldEndByte = olds.reduce((sum, { reference }) => sum + reference.lengthBytes, 0);
  yield* differences(walk, { news, olds, oldStartByte: 0, oldEndByte }, 0);
}

/** Compares the two lists of a group as they stand and goes on in what lies between the members they share. */
async function* differences(
  walk: Walk,
  group: Group,
  depth: number,
): AsyncGenerator<ChangedRegion | ChangedNode> {
  for (const gap of gapsOf(group)) {
    const top = Math.max(...gap.news.map(levelOf), 0);
    if (top === 0 && gap.olds.every((item) => item.level === 0)) {
      yield* regions(gap);
    } else {
      for (const part of partsOf(gap)) yield* openTop(walk, part, depth);
    }
  }
}

/** Opens the highest nodes of both sides by one level. */
async function* openTop(
  walk: Walk,
  group: Group,
  depth: number,
): AsyncGenerator<ChangedRegion | ChangedNode> {
  if (depth > 2 * TREE_DEPTH_MAX) throw new EfsError("CHUNK_CORRUPT", "a tree is too deep");
  const top = Math.max(...group.news.map(levelOf), ...group.olds.map(levelOf));
  const newNodes = group.news.filter((item) => item.level === top && isUnwalked(walk, item));
  const oldNodes = group.olds.filter((item) => item.level === top);
  const news: Item[] = [];
  for (const item of group.news) {
    if (item.level < top) news.push(item);
    else if (newNodes.includes(item)) news.push(...(await childrenOf(walk.readNode, item)));
  }
  const olds: Item[] = [];
  for (const item of group.olds) {
    if (item.level < top) olds.push(item);
    else olds.push(...(await childrenOf(walk.readNode, item)));
  }
  if (news.length > 0) yield* differences(walk, { ...group, news, olds }, depth + 1);
  for (const [index, { reference }] of newNodes.entries()) {
    if (reference.kind !== "node") continue;
    const likely = oldNodes[Math.floor((index * oldNodes.length) / newNodes.length)]?.reference;
    const replaces = likely === undefined || likely.kind === "zeros" ? undefined : likely.id;
    yield { kind: "node", id: reference.id, replaces };
  }
}

/** The stretches of new items between those that the old side has too. */
function* gapsOf(group: Group): Generator<Group> {
  const { news, olds } = group;
  const oldKeys = olds.map(keyOf);
  const shared = new Set(oldKeys);
  const newKeys = news.map(keyOf);
  let newFrom = 0;
  let oldFrom = 0;
  for (const [newTo, oldTo] of [...alignKeys(newKeys, oldKeys), [news.length, olds.length] as const]) {
    const between = olds.slice(oldFrom, oldTo);
    const oldStartByte = oldFrom === 0 ? group.oldStartByte : endOf(olds[oldFrom - 1]);
    const oldEndByte = olds[oldTo]?.startByte ?? group.oldEndByte;
    let run: Item[] = [];
    for (let index = newFrom; index <= newTo; index += 1) {
      const item = news[index];
      // What the old side has elsewhere is no news either; it only parts the stretch.
      const isNews = index < newTo && item !== undefined && !isShared(shared, newKeys[index], item);
      if (isNews) run.push(item);
      else if (run.length > 0) {
        yield { news: run, olds: between, oldStartByte, oldEndByte };
        run = [];
      }
    }
    newFrom = newTo + 1;
    oldFrom = oldTo + 1;
  }
}

function isShared(shared: ReadonlySet<string>, key: string | undefined, item: Item): boolean {
  return item.reference.kind !== "zeros" && key !== undefined && shared.has(key);
}

/** A group in parts that can be opened at once: one node at a time where there is nothing to compare with. */
function* partsOf(group: Group): Generator<Group> {
  const { news, olds } = group;
  const max = olds.length === 0 ? 1 : GROUP_NODES_MAX;
  const partCount = Math.ceil(news.length / max);
  for (let part = 0; part < partCount; part += 1) {
    const from = Math.floor((part * olds.length) / partCount);
    const to = Math.floor(((part + 1) * olds.length) / partCount);
    const some = olds.slice(from, to);
    yield {
      news: news.slice(part * max, (part + 1) * max),
      olds: some.length > 4 * GROUP_NODES_MAX ? [] : some,
      oldStartByte: some[0]?.startByte ?? group.oldStartByte,
      oldEndByte: some.length === 0 ? group.oldEndByte : endOf(some.at(-1)),
    };
  }
}

function* regions(group: Group): Generator<ChangedRegion> {
  const begin = group.news[0]?.startByte ?? 0;
  for (let from = 0; from < group.news.length; from += REGION_REFERENCES_MAX) {
    const items = group.news.slice(from, from + REGION_REFERENCES_MAX);
    const startByte = items[0]?.startByte ?? 0;
    const references = items.map((item) => item.reference);
    if (references.every(({ kind }) => kind === "zeros")) continue;
    const oldStartByte = Math.min(group.oldStartByte + startByte - begin, group.oldEndByte);
    const endByte = endOf(items.at(-1));
    yield { kind: "region", references, startByte, endByte, oldStartByte, oldEndByte: group.oldEndByte };
  }
}

async function rootItems(root: ContentRoot, readNode: ReadNode): Promise<readonly Item[]> {
  const [reference] = rootReferences(root);
  if (reference === undefined) return [];
  // The height, by the first child of each node: trees are built level by level, with few exceptions.
  let level = 0;
  let below: Reference | undefined = reference;
  while (below?.kind === "node" && level <= TREE_DEPTH_MAX) {
    level += 1;
    below = (await readNode(below.id))[0];
  }
  return [{ reference, startByte: 0, level }];
}

async function childrenOf(readNode: ReadNode, item: Item): Promise<readonly Item[]> {
  const { reference } = item;
  if (reference.kind !== "node") return [item];
  let { startByte } = item;
  const items: Item[] = [];
  for (const child of sliceReferences(await readNode(reference.id), reference)) {
    items.push({
      reference: child,
      startByte,
      level: child.kind === "node" ? Math.max(1, item.level - 1) : 0,
    });
    startByte += child.lengthBytes;
  }
  return items;
}

function isUnwalked({ walked }: Walk, item: Item): boolean {
  const key = keyOf(item);
  if (walked.has(key)) return false;
  if (walked.size < WALKED_MAX) walked.add(key);
  return true;
}

/** A slice shares with its whole: under both lies the same. */
function keyOf({ reference }: Item): string {
  return reference.kind === "zeros"
    ? `zeros ${reference.lengthBytes}`
    : `${reference.kind} ${toHex(reference.id)}`;
}

function levelOf(item: Item): number {
  return item.level;
}

function endOf(item: Item | undefined): number {
  return item === undefined ? 0 : item.startByte + item.reference.lengthBytes;
}
