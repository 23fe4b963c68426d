/** One value of a view in its two forms: rounded for people, exact for programs. */
import { formatSize } from "../../base/units.ts";

export interface Cell {
  /** In tables and in lines on a terminal. */
  readonly shown: string;
  /** In tab-separated output and wherever no person looks. */
  readonly exact: string;
}
export type CellLike = Cell | string;

export function shownOf(cell: CellLike): string {
  return typeof cell === "string" ? cell : cell.shown;
}

export function exactOf(cell: CellLike): string {
  return typeof cell === "string" ? cell : cell.exact;
}

/** `12,345` and `12345`. */
export function count(value: number): Cell {
  return { shown: grouped(value), exact: String(value) };
}

/** `1.5K` and `1536`. */
export function size(sizeBytes: number): Cell {
  return { shown: formatSize(sizeBytes), exact: String(sizeBytes) };
}

/** `2019-12-24 08:00:00Z` and the RFC 3339 text as it is. */
export function time(rfc3339: string): Cell {
  return { shown: rfc3339.replace("T", " ").replace(/\.\d+Z$/, "Z"), exact: rfc3339 };
}

/** Digits in groups of three. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 file`, `2 files`, `1,234 entries`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}
