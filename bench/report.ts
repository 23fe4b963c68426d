/** What a measurement shows: rows with both figures, their ratio, the target and whether it is met; as a table and as JSON. */
import { readFileSync } from "node:fs";
import os from "node:os";

export type Unit = "ms" | "bytes" | "count" | "ratio";

export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  /** The figure that it is held against; undefined when there is none. */
  readonly theirs: number | undefined;
  /** What `theirs` is. */
  readonly against: string;
  /** The ratio (ours : theirs) or the figure itself that is to be reached; undefined: shown for information. */
  readonly target: Target | undefined;
}

export type Target =
  /** Ours : theirs. */
  | { readonly kind: "at most"; readonly ratio: number }
  /** A speed, given by times: theirs : ours. */
  | { readonly kind: "at least"; readonly ratio: number }
  | { readonly kind: "exactly"; readonly value: number }
  /** The figure itself, in its unit. */
  | { readonly kind: "below"; readonly value: number };

export interface Report {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Every round as it was measured. */
  readonly rounds: readonly unknown[];
  readonly notes: readonly string[];
}

/** Ours to theirs, or theirs to ours where a speed is asked for. */
export function ratioOf(row: Row): number | undefined {
  if (row.theirs === undefined) return undefined;
  if (row.target?.kind === "at least") return row.theirs / row.ours;
  return row.ours / row.theirs;
}

export function isMet(row: Row): boolean | undefined {
  if (row.target?.kind === "exactly") return row.ours === row.target.value;
  if (row.target?.kind === "below") return row.ours < row.target.value;
  const ratio = ratioOf(row);
  if (row.target === undefined || ratio === undefined) return undefined;
  return row.target.kind === "at most" ? ratio <= row.target.ratio : ratio >= row.target.ratio;
}

export function table(report: Report): string {
  const cells = report.rows.map((row) => [
    row.what,
    figure(row.ours, row.unit),
    row.theirs === undefined ? "" : figure(row.theirs, row.unit),
    row.against,
    ratioOf(row)?.toFixed((ratioOf(row) ?? 1) < 0.1 ? 4 : 2) ?? "",
    targetText(row),
    answer(isMet(row)),
  ]);
  const header = ["", "efs", "other", "other is", "ratio", "target", "met"];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 || column === 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const lines = [report.title, "", line(header), ...cells.map(line), "", ...report.notes];
  return `${lines.join("\n")}\n`;
}

export function machine(): string {
  const model = /model name\s*:\s*(.+)/.exec(safeRead("/proc/cpuinfo"))?.[1] ?? os.arch();
  const memory = (os.totalmem() / 2 ** 30).toFixed(0);
  return `${os.availableParallelism()} CPUs (${model.trim()}), ${memory} GiB, Linux ${os.release()}, Node ${process.version}`;
}

/** The smallest of a figure over rounds. */
export function best<T>(rounds: readonly T[], figureOf: (round: T) => number): number {
  return Math.min(...rounds.map(figureOf));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function figure(value: number, unit: Unit): string {
  if (unit === "count") return String(value);
  if (unit === "ratio") return value.toFixed(2);
  if (unit === "ms" && value < 10) return `${value.toFixed(3)} ms`;
  if (unit === "ms") return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
  if (value < 10_000) return `${value.toFixed(0)} B`;
  return value < 10_000_000 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

function targetText({ target, unit }: Row): string {
  if (target === undefined) return "";
  if (target.kind === "below") return `< ${figure(target.value, unit)}`;
  if (target.kind === "exactly") return `= ${target.value}`;
  return `${target.kind === "at most" ? "<=" : ">="} ${target.ratio}`;
}

function answer(met: boolean | undefined): string {
  if (met === undefined) return "";
  return met ? "yes" : "NO";
}

function safeRead(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
