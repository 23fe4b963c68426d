/** The verdict: what the far segment holds, compared with the files on disk while the source is stopped. */
import path from "node:path";
import type { AdminClient } from "../../../api/admin-client.ts";
import { formatSize } from "../../../base/units.ts";
import { BUCKET, COPY, LARGE } from "./acts.ts";
import { compareBucket, listBucket } from "./compare.ts";
import type { Source } from "./tree.ts";
import type { Sent } from "./watch.ts";

export interface Verdict {
  readonly isPassed: boolean;
  /** One line. */
  readonly text: string;
  /** What is wrong, one sentence each. */
  readonly faults: readonly string[];
}

export interface Evidence {
  readonly sources: readonly Source[];
  /** Where the large object's file is. */
  readonly directory: string;
  readonly changed: Sent;
  readonly copied: Sent;
}

/** One changed byte may renew its chunk and, when a cut point goes, its neighbours. */
const CHANGED_CHUNKS_MAX = 3;
const CHANGED_BYTES_MAX = 1_000_000;

export async function judge(
  remote: AdminClient,
  evidence: Evidence,
  onCompared: (count: number) => void,
): Promise<Verdict> {
  const expected = new Map<string, string>([[LARGE, path.join(evidence.directory, LARGE)]]);
  for (const { directory, prefix, files } of evidence.sources) {
    for (const file of files) expected.set(`${prefix}/${file}`, path.join(directory, file));
  }
  const compared = await compareBucket(remote, BUCKET, expected, onCompared);
  const faults = [...compared.differences];
  if (compared.differenceCount > faults.length) {
    faults.push(`and ${compared.differenceCount - faults.length} more`);
  }
  faults.push(...(await copyFaults(remote)), ...sentFaults(evidence));

  const { changed } = evidence;
  const size = formatSize(compared.comparedBytes);
  if (faults.length === 0) {
    const text = `PASS: ${compared.comparedCount} files, ${size}: every byte at the far side is as on disk; a changed byte of 100 MB cost ${formatSize(changed.bytesSent)}, the copied bucket 0 data chunks`;
    return { isPassed: true, text, faults };
  }
  const text =
    compared.differenceCount === 0
      ? `FAIL: the far side is as on disk, but ${faults[0]}`
      : `FAIL: ${compared.differenceCount} of ${expected.size} files differ at the far side`;
  return { isPassed: false, text, faults };
}

/** The copied bucket names the same content, object by object, as the one that was compared. */
async function copyFaults(remote: AdminClient): Promise<readonly string[]> {
  const [originals, copies] = [await listBucket(remote, BUCKET), await listBucket(remote, COPY)];
  const differing = [...originals].filter(([name, original]) => {
    const copied = copies.get(name);
    return copied?.sizeBytes !== original.sizeBytes || copied.contentId !== original.contentId;
  });
  const surplus = copies.size - originals.size;
  const faults = differing.slice(0, 5).map(([name]) => `${COPY}: ${name} is not what it was copied from`);
  if (differing.length > faults.length) faults.push(`${COPY}: ${differing.length} objects differ`);
  if (surplus > 0) faults.push(`${COPY}: ${surplus} objects too many`);
  return faults;
}

function sentFaults({ changed, copied }: Evidence): readonly string[] {
  const faults: string[] = [];
  if (changed.chunks > CHANGED_CHUNKS_MAX || changed.bytesSent > CHANGED_BYTES_MAX) {
    faults.push(`a changed byte made ${changed.chunks} chunks and ${formatSize(changed.bytesSent)} cross`);
  }
  if (copied.chunks > 0) faults.push(`${copied.chunks} data chunks crossed for the copied bucket`);
  return faults;
}
