/**
 * Reads what strace (`-f -y`) saw of efsd and finds answers that left before what they acknowledge was on the disk. A system call has a
 * start and an end, as lines of the trace: other threads come between.
 */

type Kind = "write" | "sync" | "answer";

interface Call {
  readonly kind: Kind;
  /** Path of the file; the socket's for an answer. */
  readonly file: string;
  readonly startLine: number;
  endLine: number;
  result: number;
}

export interface Findings {
  /** Answers `201 Created`. */
  readonly answers: number;
  /** Those with chunks: a pack was written for them. */
  readonly answersWithChunks: number;
  /** One sentence for each answer that came too early. */
  readonly faults: readonly string[];
}

const CALL = /^\d+\s+(fdatasync|fsync|write|writev|pwrite64|pwritev2?|sendmsg|sendto)\(\d+<([^>]*)>(.*)$/;
const RESUMED = /^(\d+)\s+<\.\.\. \w+ resumed>.*= (-?\d+)/;

export function readTrace(text: string): readonly Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [line, content] of text.split("\n").entries()) {
    const process = content.split(/\s/, 1)[0] ?? "";
    const resumed = RESUMED.exec(content);
    if (resumed !== null) {
      const call = open.get(process);
      open.delete(process);
      if (call === undefined) continue;
      call.endLine = line;
      call.result = Number(resumed[2]);
      continue;
    }
    const [, name = "", file = "", rest = ""] = CALL.exec(content) ?? [];
    const kind = kindOf(name, file, rest);
    if (kind === undefined) continue;
    const call = {
      kind,
      file,
      startLine: line,
      endLine: line,
      result: Number(/= (-?\d+)/.exec(rest)?.[1] ?? Number.NaN),
    };
    calls.push(call);
    if (rest.endsWith("<unfinished ...>")) {
      call.endLine = Number.POSITIVE_INFINITY;
      open.set(process, call);
    }
  }
  return calls;
}

/** Every file that was written since the answer before must have been synced since, packs before the record commit began. */
export function findEarlyAnswers(calls: readonly Call[]): Findings {
  const faults: string[] = [];
  const answers = calls.filter((call) => call.kind === "answer");
  let answersWithChunks = 0;
  let sinceLine = -1;
  for (const [index, answer] of answers.entries()) {
    const window = calls.filter((call) => call.startLine > sinceLine && call.startLine < answer.startLine);
    const writes = window.filter((call) => call.kind === "write");
    const isSynced = (write: Call, beforeLine: number) =>
      window.some(
        (call) =>
          call.kind === "sync" &&
          call.file === write.file &&
          call.result === 0 &&
          call.startLine > write.endLine &&
          call.endLine < beforeLine,
      );
    const commits = writes.filter((call) => isJournal(call.file));
    const packs = writes.filter((call) => isPack(call.file));
    const lastCommit = commits.at(-1);
    if (lastCommit === undefined) faults.push(`answer ${index} left without a record commit`);
    for (const write of writes) {
      if (!isSynced(write, answer.startLine))
        faults.push(`answer ${index} left before ${write.file} was synced`);
    }
    for (const write of packs) {
      if (lastCommit !== undefined && !isSynced(write, lastCommit.startLine)) {
        faults.push(`the record commit of answer ${index} began before ${write.file} was synced`);
      }
    }
    if (packs.length > 0) answersWithChunks += 1;
    sinceLine = answer.startLine;
  }
  return { answers: answers.length, answersWithChunks, faults };
}

function kindOf(name: string, file: string, rest: string): Kind | undefined {
  if (name === "fdatasync" || name === "fsync") return "sync";
  if (file.startsWith("socket:") || file.startsWith("UNIX")) {
    return rest.includes('"HTTP/1.1 201 ') ? "answer" : undefined;
  }
  return isPack(file) || isJournal(file) ? "write" : undefined;
}

const isPack = (file: string) => file.endsWith(".pack");
const isJournal = (file: string) => /\/journal-\d+$/.test(file);
