/** Summaries of `object put -r` and `object get -r`, in words. */
import { EfsError } from "../../base/errors.ts";
import { counted, size } from "../output/cell.ts";
import type { GetTally } from "../tree/get-tree.ts";
import type { PutTally } from "../tree/put-tree.ts";

export function putSummary(tally: PutTally): string {
  const lines = [
    `stored ${counted(tally.storedFiles, "file")} (${size(tally.storedBytes).shown}), ${counted(tally.unchangedFiles, "file")} unchanged`,
  ];
  if (tally.attributesOnly > 0) lines.push(`time or mode renewed: ${counted(tally.attributesOnly, "file")}`);
  if (tally.removedObjects > 0) lines.push(`removed ${counted(tally.removedObjects, "object")}`);
  const { symbolicLinks, emptyDirectories, specialFiles } = tally.leftOut;
  const left = [
    symbolicLinks > 0 ? counted(symbolicLinks, "symbolic link") : "",
    emptyDirectories > 0 ? counted(emptyDirectories, "empty directory", "empty directories") : "",
    specialFiles > 0 ? counted(specialFiles, "special file") : "",
  ].filter((text) => text !== "");
  if (left.length > 0) lines.push(`left out: ${left.join(", ")}`);
  return `${lines.join("\n")}\n`;
}

export function getSummary(tally: GetTally): string {
  return `wrote ${counted(tally.writtenFiles, "file")} (${size(tally.writtenBytes).shown}), ${counted(tally.unchangedFiles, "file")} unchanged\n`;
}

export function someFailed(count: number): EfsError | undefined {
  if (count === 0) return undefined;
  return new EfsError("SOME_FAILED", `${counted(count, "name")} failed; the others are done`);
}
