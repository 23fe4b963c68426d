/**
 * CPU time and memory of running processes, read from /proc (Linux): processor time of a process with its reaped children, and the
 * peak of RssAnon over a process and its descendants, sampled.
 */
import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 25;

/** User and system time so far, with children that were waited for, in milliseconds; 0 when the process is gone. */
export function cpuMs(pid: number | "self"): number {
  const fields = statFields(pid);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number);
  return ((utime + stime + cutime + cstime) * 1000) / TICKS_PER_SECOND;
}

/** Time of the children of this process that were waited for: what spawned commands took. */
export function childrenCpuMs(): number {
  const [cutime = 0, cstime = 0] = statFields("self").slice(13, 15).map(Number);
  return ((cutime + cstime) * 1000) / TICKS_PER_SECOND;
}

/** Anonymous resident memory now, bytes; 0 when the process is gone. */
export function rssAnonBytes(pid: number): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`));
  return match === null ? 0 : Number(match[1]) * 1024;
}

export function descendants(pid: number): readonly number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`)
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

export interface Usage {
  readonly cpuMs: number;
  /** Peak of the sum over the watched processes. */
  readonly rssAnonBytesMax: number;
}

/** Watches processes and the children that this process starts meanwhile, from now until `stop`. */
export class UsageMeter {
  readonly #pids: readonly number[];
  readonly #cpuBefore: number;
  readonly #own = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #max = 0;

  /** `ignore`: children of this process that are not part of what is measured. */
  constructor(pids: readonly number[], ignore: readonly number[] = []) {
    this.#pids = pids;
    for (const pid of [...ignore, ...descendants(process.pid)]) this.#own.add(pid);
    this.#cpuBefore = this.#cpu();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  stop(): Usage {
    this.#sample();
    clearInterval(this.#timer);
    return { cpuMs: this.#cpu() - this.#cpuBefore, rssAnonBytesMax: this.#max };
  }

  #cpu(): number {
    return this.#pids.reduce((sum, pid) => sum + cpuMs(pid), childrenCpuMs());
  }

  #sample(): void {
    const watched = this.#pids.flatMap((pid) => [pid, ...descendants(pid)]);
    const started = descendants(process.pid).filter((pid) => !this.#own.has(pid) && !watched.includes(pid));
    const sum = [...watched, ...started].reduce((total, pid) => total + rssAnonBytes(pid), 0);
    this.#max = Math.max(this.#max, sum);
  }
}

/** Fields of /proc/PID/stat from the third (state) on; empty when the process is gone. */
function statFields(pid: number | "self"): readonly string[] {
  const text = readProc(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function readProc(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
