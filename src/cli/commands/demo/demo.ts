/** `efscli demo`: two linked segments on this machine, real files, and a verdict that reads the far side alone. */
import { Command } from "commander";
import { EfsError } from "../../../base/errors.ts";
import { formatDuration } from "../../../base/units.ts";
import { examples, notes } from "../../help-text.ts";
import { forTerminal } from "../../output/escape.ts";
import type { Session } from "../../session.ts";
import { change, copy, fill, link, type Scene, show } from "./acts.ts";
import { Segments } from "./segments.ts";
import { project, Shell } from "./shell.ts";
import { chooseSources, countFiles } from "./tree.ts";
import { judge, type Verdict } from "./verdict.ts";

interface DemoOptions {
  readonly keep?: boolean;
}

export function demoCommand(session: Session): Command {
  const command = new Command("demo")
    .description("two linked segments on this machine, real files, a verdict")
    .argument(
      "[directory]",
      "the files to replicate (default: node_modules of efscli and files of /usr, 10,000 or more)",
    )
    .option("--keep", "leave both segments running at the end and say how to go on by hand")
    .action((directory: string | undefined, options: DemoOptions) => run(session, directory, options));
  examples(command, ["efscli demo", "efscli demo ~/photos", "efscli demo --keep"]);
  return notes(
    command,
    "Runs two segments in a temporary directory, links them with the commands that it prints, and ends with one line and exit code 0 or 1. The verdict compares every byte at the far segment with the files on disk, with the source stopped. Needs about 600 MB there.",
  );
}

async function run(session: Session, directory: string | undefined, options: DemoOptions): Promise<void> {
  const startMs = session.clock.monotonicMs();
  const sources = await chooseSources(directory, project());
  if (countFiles(sources) === 0) throw new EfsError("BAD_VALUE", "there are no files to replicate");
  const shell = await Shell.open(session);
  const segments = new Segments(session, shell);
  try {
    await shell.say(
      `Two segments on this machine, ${countFiles(sources)} real files, one verdict. All of it is in $D.`,
    );
    for (const line of shell.exports) await shell.say(`$ ${line}`);
    const [hawaii, remote] = await Promise.all([segments.start("hawaii"), segments.start("remote")]);
    const scene: Scene = { session, shell, pair: { hawaii, remote } };
    await link(scene);
    await fill(scene, sources);
    const changed = await change(scene);
    const copied = await copy(scene);
    await show(scene);

    await shell.say(
      "\n# The proof: the source is stopped, and what the far side holds is compared with the files on disk.",
    );
    await segments.stop("hawaii");
    const evidence = { sources, directory: shell.directory, changed, copied };
    const verdict = await watched(session, countFiles(sources), (onCompared) =>
      judge(remote, evidence, onCompared),
    );
    if (options.keep === true) await leaveRunning(shell, segments);
    await conclude(shell, verdict, session.clock.monotonicMs() - startMs);
  } finally {
    await segments.close();
    if (!segments.isKept) await shell.removeDirectory();
  }
}

async function watched(
  session: Session,
  total: number,
  work: (onCompared: (count: number) => void) => Promise<Verdict>,
): Promise<Verdict> {
  let done = 0;
  const progress = await session.talk.progress(() => `comparing: ${done} of ${total} files`);
  try {
    return await work((count) => {
      done = count;
    });
  } finally {
    progress.stop();
  }
}

async function leaveRunning(shell: Shell, segments: Segments): Promise<void> {
  await shell.say("\n# To go on by hand, both segments run again.");
  await segments.start("hawaii");
  segments.keep();
  const lines = [
    ...shell.exports,
    "echo hello | efscli --endpoint $HAWAII object put Hawaii/Cola/bk1/hello -",
    "efscli --endpoint $HAWAII service show hawaii -s",
    "efscli --endpoint $REMOTE object get Hawaii/Cola/bk1/hello -",
    `kill ${segments.pid("hawaii")} ${segments.pid("remote")} && rm -r $D    # to end it`,
  ];
  for (const line of lines) await shell.say(`  ${line}`);
  await shell.say("");
}

/** @throws DIFFERS when the verdict is no */
async function conclude(shell: Shell, verdict: Verdict, tookMs: number): Promise<void> {
  for (const fault of verdict.faults) await shell.say(`  ${forTerminal(fault)}`);
  await shell.say(`${forTerminal(verdict.text)} (${formatDuration(tookMs)})`);
  if (!verdict.isPassed) throw new EfsError("DIFFERS", "the far side does not hold what was put");
}
