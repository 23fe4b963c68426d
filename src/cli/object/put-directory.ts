/** `object put -r`: joins the tree put with talk and progress. */
import { EfsError, toEfsError } from "../../base/errors.ts";
import { splitTree } from "../arguments.ts";
import { counted, size } from "../output/cell.ts";
import type { Session } from "../session.ts";
import { emptyPutTally, type PutTally, putTree } from "../tree/put-tree.ts";
import { MAX_DELETE_DEFAULT, parseMaxDelete } from "../tree/removal.ts";

export interface PutDirectoryOptions {
  readonly checksum?: boolean;
  readonly delete?: boolean;
  readonly maxDelete?: string;
}

export async function putDirectory(
  session: Session,
  directory: string,
  tree: string,
  options: PutDirectoryOptions,
): Promise<PutTally> {
  const { bucket, prefix } = treeOf(tree);
  const maxDelete = options.delete === true ? (options.maxDelete ?? MAX_DELETE_DEFAULT) : undefined;
  if (maxDelete !== undefined) parseMaxDelete(maxDelete);
  const tally = emptyPutTally();
  const { api, talk, signal } = session;
  const progress = await talk.progress(() => progressLine(tally));
  try {
    const comparesContent = options.checksum === true;
    await putTree({ api, talk, signal, directory, bucket, prefix, comparesContent, maxDelete }, tally);
    return tally;
  } catch (thrown) {
    progress.stop();
    if (tally.storedFiles > 0) {
      await talk.say(
        `${counted(tally.storedFiles, "file")} stored before it stopped; a new run goes on from there`,
      );
    }
    throw thrown;
  } finally {
    progress.stop();
  }
}

function progressLine(tally: PutTally): string {
  const stored = `${counted(tally.storedFiles, "file")} stored (${size(tally.storedBytes).shown})`;
  return tally.unchangedFiles === 0
    ? stored
    : `${stored}, ${counted(tally.unchangedFiles, "file")} unchanged`;
}

function treeOf(path: string): { readonly bucket: string; readonly prefix: string } {
  try {
    return splitTree(path);
  } catch (thrown) {
    const { code, message } = toEfsError(thrown);
    throw new EfsError(code, message, {
      hint: "the directory comes first: efscli object put -r DIR CLUSTER/TENANT/BUCKET[/PREFIX]",
    });
  }
}
