/**
 * `npm run bench -- replicate`: trees and a disk image, changed step by step, replicated by a link and by `rsync -z --fsync` in
 * interleaved rounds. The best of the rounds counts, for each figure and each contestant.
 */
import { copyFile, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import {
  type Contestant,
  EfsContestant,
  type Measured,
  RsyncContestant,
  STEPS,
  type Step,
} from "./contest.ts";
import { best, type Report, type Row } from "./report.ts";
import { rsyncVersion } from "./rsync.ts";
import {
  appendToImage,
  copyTree,
  editTree,
  insertIntoImage,
  makeImage,
  makeTree,
  overwriteImage,
  renameDirectory,
  type TreeFacts,
} from "./workload.ts";

export interface ReplicateOptions {
  readonly directory: string;
  readonly rounds: number;
  readonly scale: number;
  readonly say: (text: string) => void;
}

interface Round {
  readonly rsync: Readonly<Record<Step, Measured>>;
  readonly efs: Readonly<Record<Step, Measured>>;
}

export async function benchReplicate(options: ReplicateOptions): Promise<Report> {
  const version = rsyncVersion();
  if (version === undefined) throw new Error("rsync is needed beside us: apt-get install rsync");
  const pristine = path.join(options.directory, "pristine");
  options.say("making the tree and the image");
  const facts = await makeTree(path.join(pristine, "tree"), options.scale);
  await makeImage(path.join(pristine, "image"), options.scale);
  const rounds: Round[] = [];
  for (let index = 0; index < options.rounds; index += 1) {
    rounds.push(await playRound(options, facts, index));
  }
  await rm(pristine, { recursive: true, force: true });
  return {
    title: `replicate: ${facts.files.length} files, ${(facts.totalBytes / 1e6).toFixed(0)} MB, and an image of ${(1024 * options.scale).toFixed(0)} MiB; best of ${rounds.length}`,
    rows: rowsOf(rounds, facts),
    rounds,
    notes: [
      `rsync ${version}: rsync -a -z --fsync --delete to a daemon on loopback. Bytes are the relay's count of both directions.`,
      "tree initial: efs from the making of the link, with the tree stored at the sender; every other step includes the put",
      "(finding what changed, hashing, storing) and, for efs, up to one second until the link looks.",
      "CPU: both daemons and the commands. Memory: peak of RssAnon over all of these processes together.",
    ],
  };
}

async function playRound(options: ReplicateOptions, facts: TreeFacts, index: number): Promise<Round> {
  const { directory } = options;
  const pristine = path.join(directory, "pristine");
  const tree = path.join(directory, "live", "tree");
  const image = path.join(directory, "live", "image");
  await copyTree(path.join(pristine, "tree"), tree, facts);
  await copyFile(path.join(pristine, "image"), image);
  const contestants: Array<readonly ["rsync" | "efs", Contestant]> = [];
  for (const name of ["rsync", "efs"] as const) {
    const live = { directory: path.join(directory, name), tree, image };
    await mkdir(live.directory, { recursive: true });
    const contestant = name === "rsync" ? await RsyncContestant.start(live) : await EfsContestant.start(live);
    contestants.push([name, contestant]);
  }
  // Who goes first changes from round to round.
  if (index % 2 === 1) contestants.reverse();
  const measured = { rsync: {}, efs: {} } as Record<"rsync" | "efs", Record<Step, Measured>>;
  try {
    for (const step of STEPS) {
      await changeLive(step, tree, image, facts);
      for (const [name, contestant] of contestants) {
        const result = await contestant.run(step);
        measured[name][step] = result;
        options.say(
          `round ${index + 1} ${step}: ${name} ${(result.wallMs / 1000).toFixed(2)} s${result.putMs > 0 ? ` (after a put of ${(result.putMs / 1000).toFixed(2)} s)` : ""}, ${result.linkBytes} bytes, ${(result.cpuMs / 1000).toFixed(2)} CPU s, ${(result.rssAnonBytesMax / 2 ** 20).toFixed(0)} MiB${result.dataChunksSent === undefined ? "" : `, ${result.dataChunksSent} chunks`}`,
        );
      }
    }
  } finally {
    for (const [, contestant] of contestants) await contestant.stop();
    await rm(path.join(directory, "live"), { recursive: true, force: true });
  }
  return measured;
}

async function changeLive(step: Step, tree: string, image: string, facts: TreeFacts): Promise<void> {
  if (step === "tree 1 % edited") await editTree(tree, facts);
  if (step === "directory renamed") await renameDirectory(tree);
  if (step === "image 100 overwrites") await overwriteImage(image);
  if (step === "image 100 insertions") await insertIntoImage(image);
  if (step === "image 1 % appended") await appendToImage(image);
}

const WALL_TARGETS: Readonly<Partial<Record<Step, number>>> = { "tree initial": 2 };
const BYTE_TARGETS: Readonly<Partial<Record<Step, number>>> = {
  "tree 1 % edited": 1,
  "image 100 overwrites": 0.6,
  "image 100 insertions": 0.5,
};

function rowsOf(rounds: readonly Round[], facts: TreeFacts): readonly Row[] {
  const rows: Row[] = [];
  for (const step of STEPS) {
    const compare = (
      what: string,
      unit: Row["unit"],
      figure: (measured: Measured) => number,
      ratio?: number,
    ) =>
      rows.push({
        what: `${step}: ${what}`,
        unit,
        ours: best(rounds, (round) => figure(round.efs[step])),
        theirs: best(rounds, (round) => figure(round.rsync[step])),
        against: "rsync -z",
        target: ratio === undefined ? undefined : { kind: "at most", ratio },
      });
    compare("bytes on the link", "bytes", (measured) => measured.linkBytes, BYTE_TARGETS[step]);
    compare("wall time", "ms", (measured) => measured.wallMs, WALL_TARGETS[step]);
    compare("CPU time", "ms", (measured) => measured.cpuMs);
    compare("memory", "bytes", (measured) => measured.rssAnonBytesMax);
    rows.push(...payloadRows(rounds, facts, step));
  }
  return rows;
}

/** Steps that are held against the payload, of which none may cross. */
function payloadRows(rounds: readonly Round[], facts: TreeFacts, step: Step): readonly Row[] {
  if (step !== "tree copied" && step !== "directory renamed") return [];
  const isCopy = step === "tree copied";
  return [
    {
      what: `${step}: bytes on the link`,
      unit: "bytes",
      ours: best(rounds, (round) => round.efs[step].linkBytes),
      theirs: isCopy ? facts.totalBytes : facts.driversBytes,
      against: "payload",
      target: { kind: "at most", ratio: isCopy ? 0.01 : 0.015 },
    },
    {
      what: `${step}: data chunks sent`,
      unit: "count",
      ours: Math.max(...rounds.map((round) => round.efs[step].dataChunksSent ?? Number.NaN)),
      theirs: undefined,
      against: "",
      target: { kind: "exactly", value: 0 },
    },
  ];
}
