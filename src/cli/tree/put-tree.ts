/**
 * Puts a directory into a bucket: walks, compares a thousand files with one call, puts what differs with several in flight, and with
 * `--delete` removes objects that have no file any more. Failures of single files are reported and do not stop the others.
 */
import { lstat } from "node:fs/promises";
import type { AdminClient } from "../../api/admin-client.ts";
import type { ObjectInfo } from "../../api/object.ts";
import { type EfsError, toEfsError } from "../../base/errors.ts";
import { Limiter } from "../../base/limiter.ts";
import { parseObjectName } from "../../model/names.ts";
import type { Talk } from "../output/talk.ts";
import { factsOf, metadataOf } from "./attributes.ts";
import { type Candidate, compareContent, compareFacts, type Verdict } from "./compare.ts";
import { Crowd } from "./crowd.ts";
import { type Failure, Failures, fileTrouble, isOfOne } from "./outcome.ts";
import { withFile } from "./read-file.ts";
import { planRemoval, type Removal, removeObjects } from "./removal.ts";
import { type FoundFile, type LeftOut, readError, walk } from "./walk.ts";

/** Puts in flight. */
const PUTS_MAX = 16;
const LSTATS_MAX = 32;
const BATCH_FILES = 1000;
const CHANGE_ATTEMPTS = 3;

export interface PutTree {
  readonly api: AdminClient;
  readonly talk: Talk;
  readonly signal: AbortSignal;
  readonly directory: string;
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix: string;
  readonly comparesContent: boolean;
  /** undefined: nothing is removed. */
  readonly maxDelete: string | undefined;
}

export interface PutTally {
  storedFiles: number;
  storedBytes: number;
  unchangedFiles: number;
  unchangedBytes: number;
  /** Same content, other time or mode. */
  attributesOnly: number;
  removedObjects: number;
  readonly leftOut: LeftOut;
  failedFiles: number;
  failures: readonly Failure[];
}

/** @throws FILE_NOT_FOUND (the directory), BRAKE, and what concerns all files (the bucket is missing, the segment is gone) */
export async function putTree(job: PutTree, tally: PutTally): Promise<void> {
  const work = new Work(job, tally);
  await job.api.showBucket(job.bucket);
  const removal = job.maxDelete === undefined ? undefined : await planRemoval(job, job.maxDelete);
  await work.putAll(removal);
  if (removal !== undefined) await work.remove(removal);
  work.finish();
}

export function emptyPutTally(): PutTally {
  return {
    storedFiles: 0,
    storedBytes: 0,
    unchangedFiles: 0,
    unchangedBytes: 0,
    attributesOnly: 0,
    removedObjects: 0,
    leftOut: { symbolicLinks: 0, emptyDirectories: 0, specialFiles: 0 },
    failedFiles: 0,
    failures: [],
  };
}

interface Named {
  readonly found: FoundFile;
  readonly name: string;
}

class Work {
  readonly #job: PutTree;
  readonly #tally: PutTally;
  readonly #failures = new Failures();
  readonly #crowd: Crowd;
  readonly #lstats = new Limiter(LSTATS_MAX);

  constructor(job: PutTree, tally: PutTally) {
    this.#job = job;
    this.#tally = tally;
    this.#crowd = new Crowd(PUTS_MAX, job.signal);
  }

  async putAll(removal: Removal | undefined): Promise<void> {
    const { directory, prefix } = this.#job;
    const report = {
      leftOut: this.#tally.leftOut,
      trouble: (name: string, error: EfsError) => this.#failed(name, error),
    };
    let batch: Named[] = [];
    for await (const found of walk(directory, report)) {
      const name = `${prefix}${found.name}`;
      removal?.keep(name);
      if (await this.#isName(found.name, name)) batch.push({ found, name });
      if (batch.length >= BATCH_FILES) {
        await this.#putBatch(batch);
        batch = [];
      }
    }
    if (batch.length > 0) await this.#putBatch(batch);
    await this.#crowd.settle();
  }

  async remove(removal: Removal): Promise<void> {
    const failed = (name: string, error: EfsError) => this.#failed(name, error);
    this.#tally.removedObjects = await removeObjects(this.#job, removal, { crowd: this.#crowd, failed });
  }

  finish(): void {
    this.#tally.failedFiles = this.#failures.count;
    this.#tally.failures = this.#failures.kept;
  }

  async #putBatch(batch: readonly Named[]): Promise<void> {
    const { api, bucket } = this.#job;
    const names = batch.map(({ name }) => name);
    const [stored, facts] = await Promise.all([
      api.showObjects(bucket, names),
      Promise.all(batch.map((named) => this.#lstats.run(() => this.#factsOf(named.found)))),
    ]);
    for (const [index, { found, name }] of batch.entries()) {
      const fact = facts[index];
      if (fact === undefined) continue;
      const candidate = { path: found.path, facts: fact, stored: stored[index] ?? null };
      const verdict = compareFacts(candidate);
      if (verdict === "same" && !this.#job.comparesContent) this.#unchanged(candidate);
      else
        await this.#crowd.begin(() => this.#guard(found.name, () => this.#bring(name, candidate, verdict)));
    }
  }

  async #bring(name: string, candidate: Candidate, byFacts: Verdict): Promise<void> {
    const { api, bucket, comparesContent } = this.#job;
    const verdict = comparesContent ? await compareContent(api, bucket, candidate) : byFacts;
    if (verdict === "same") return this.#unchanged(candidate);
    if (verdict === "attributes" && candidate.stored !== null) {
      const metadata = { ...candidate.stored.metadata, ...metadataOf(candidate.facts) };
      const path = `${bucket}/${name}`;
      await api.copyObject({ from: path, to: path, fromVersionId: candidate.stored.versionId, metadata });
      this.#tally.attributesOnly += 1;
      return;
    }
    const stored = await this.#putFile(name, candidate.path);
    this.#tally.storedFiles += 1;
    this.#tally.storedBytes += stored.sizeBytes;
  }

  async #putFile(name: string, path: string): Promise<ObjectInfo> {
    const { api, bucket } = this.#job;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withFile(path, { followsLinks: false }, ({ facts, body }) =>
          api.putObject(bucket, name, body, { sizeBytes: facts.sizeBytes, metadata: metadataOf(facts) }),
        );
      } catch (thrown) {
        const isChanging = toEfsError(thrown).code === "CONFLICT";
        if (!isChanging || attempt >= CHANGE_ATTEMPTS) throw thrown;
      }
    }
  }

  async #factsOf(found: FoundFile) {
    try {
      return factsOf(await lstat(found.path, { bigint: true }));
    } catch (thrown) {
      await this.#failed(found.name, fileTrouble(readError(thrown, "file", found.path)));
      return undefined;
    }
  }

  async #isName(shown: string, name: string): Promise<boolean> {
    try {
      parseObjectName(name);
      return true;
    } catch (thrown) {
      await this.#failed(shown, toEfsError(thrown));
      return false;
    }
  }

  #unchanged({ facts }: Candidate): void {
    this.#tally.unchangedFiles += 1;
    this.#tally.unchangedBytes += facts.sizeBytes;
  }

  async #guard(shown: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (thrown) {
      const error = toEfsError(thrown);
      if (!isOfOne(error)) throw thrown;
      await this.#failed(shown, error);
    }
  }

  async #failed(name: string, error: EfsError): Promise<void> {
    this.#failures.add(name, error);
    await this.#job.talk.failure(name, error);
  }
}
