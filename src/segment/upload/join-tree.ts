/** Trees over content that is stored already: nodes are made and stored, no chunk moves. */
import type { ChunkPut } from "../../engine/chunk-store.ts";
import type { ContentRoot, Reference } from "../../model/reference.ts";
import { TreeBuilder } from "../chunk/tree-builder.ts";
import type { Core } from "../core/core.ts";
import { putPieces } from "../vault/in-vault.ts";

/** A node has at most 16 KiB or so; a call of the store takes 16 MiB. */
const NODES_A_CALL = 256;

/**
 * The root of the references end to end; everything that they name is durable before. Memory is bounded however many there are. @throws TOO_LARGE,
 * NO_SPACE, READ_ONLY
 */
export async function joinReferences(
  core: Core,
  references: AsyncIterable<Reference> | Iterable<Reference>,
): Promise<ContentRoot> {
  const builder = new TreeBuilder();
  let nodes: ChunkPut[] = [];
  for await (const reference of references) {
    nodes.push(...builder.add(reference));
    if (nodes.length < NODES_A_CALL) continue;
    await putNodes(core, nodes);
    nodes = [];
  }
  const built = builder.finish();
  await putNodes(core, [...nodes, ...built.nodes]);
  return built.root;
}

async function putNodes(core: Core, nodes: readonly ChunkPut[]): Promise<void> {
  // In order and one call after the other: a node stands behind what is under it.
  for (let start = 0; start < nodes.length; start += NODES_A_CALL) {
    const call = nodes.slice(start, start + NODES_A_CALL);
    const admitted = core.guard.admit(call.reduce((sum, node) => sum + node.bytes.length, 0));
    if (admitted !== undefined) await admitted;
    await putPieces(core, call);
  }
}
