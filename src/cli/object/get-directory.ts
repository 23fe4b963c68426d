/** `object get -r`: joins the tree get with talk and progress. */
import { splitTree } from "../arguments.ts";
import { counted, size } from "../output/cell.ts";
import type { Session } from "../session.ts";
import { emptyGetTally, type GetTally, getTree } from "../tree/get-tree.ts";

export async function getDirectory(session: Session, tree: string, directory: string): Promise<GetTally> {
  const { bucket, prefix } = splitTree(tree);
  const { api, talk, signal } = session;
  const tally = emptyGetTally();
  const progress = await talk.progress(
    () => `${counted(tally.writtenFiles, "file")} written (${size(tally.writtenBytes).shown})`,
  );
  try {
    await getTree({ api, talk, signal, bucket, prefix, directory }, tally);
    return tally;
  } finally {
    progress.stop();
  }
}
