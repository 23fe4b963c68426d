/** Writes the objects of a bucket, or those below a prefix, into a directory with their times and modes, several in flight. */
import { lstat, mkdir } from "node:fs/promises";
import type { AdminClient } from "../../api/admin-client.ts";
import type { ObjectInfo } from "../../api/object.ts";
import { type EfsError, systemCode, toEfsError } from "../../base/errors.ts";
import type { Talk } from "../output/talk.ts";
import { factsOf, isSameMtime } from "./attributes.ts";
import { Crowd } from "./crowd.ts";
import { type Failure, Failures, isOfOne } from "./outcome.ts";
import { TargetDirectory } from "./target.ts";
import { local, writeFileWhole } from "./write-file.ts";

const GETS_MAX = 16;
const PAGE_ITEMS = 1000;

export interface GetTree {
  readonly api: AdminClient;
  readonly talk: Talk;
  readonly signal: AbortSignal;
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix: string;
  readonly directory: string;
}

export interface GetTally {
  writtenFiles: number;
  writtenBytes: number;
  unchangedFiles: number;
  failedFiles: number;
  failures: readonly Failure[];
}

export function emptyGetTally(): GetTally {
  return { writtenFiles: 0, writtenBytes: 0, unchangedFiles: 0, failedFiles: 0, failures: [] };
}

/** @throws what concerns all files: the bucket is missing, the segment is gone, the disk is full */
export async function getTree(job: GetTree, tally: GetTally): Promise<void> {
  const { api, bucket, prefix, directory } = job;
  const failures = new Failures();
  const crowd = new Crowd(GETS_MAX, job.signal);
  const target = new TargetDirectory(directory);
  await api.showBucket(bucket);
  await local(directory, () => mkdir(directory, { recursive: true }));
  let after: string | undefined;
  for (;;) {
    const page = await api.listObjects(bucket, { prefix, after, limit: PAGE_ITEMS });
    for (const info of page.items) {
      await crowd.begin(async () => {
        try {
          await bring(job, target, { info, tally });
        } catch (thrown) {
          const error = toEfsError(thrown);
          if (!isOfOne(error)) throw thrown;
          await report(job.talk, failures, { name: info.name, error });
        }
      });
    }
    if (page.next === null) break;
    after = page.next;
  }
  await crowd.settle();
  tally.failedFiles = failures.count;
  tally.failures = failures.kept;
}

async function bring(
  job: GetTree,
  target: TargetDirectory,
  { info, tally }: { readonly info: ObjectInfo; readonly tally: GetTally },
): Promise<void> {
  const path = await target.place(info.name.slice(job.prefix.length));
  if (await isHere(path, info)) {
    tally.unchangedFiles += 1;
    return;
  }
  const { body, info: found } = await job.api.getObject(job.bucket, info.name);
  await writeFileWhole(path, { body, metadata: found.metadata, signal: job.signal });
  tally.writtenFiles += 1;
  tally.writtenBytes += found.sizeBytes;
}

/** A regular file of this size and time. */
async function isHere(path: string, info: ObjectInfo): Promise<boolean> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (!stats.isFile() || Number(stats.size) !== info.sizeBytes) return false;
    return isSameMtime(factsOf(stats), info.metadata);
  } catch (thrown) {
    if (systemCode(thrown) === undefined) throw thrown;
    return false;
  }
}

async function report(
  talk: Talk,
  failures: Failures,
  { name, error }: { readonly name: string; readonly error: EfsError },
): Promise<void> {
  failures.add(name, error);
  await talk.failure(name, error);
}
