/** Rolling up names that have the same text up to a delimiter behind a prefix. */

export interface Rolling {
  readonly prefix: string;
  /** undefined or empty: nothing is rolled up. */
  readonly delimiter: string | undefined;
}

/** The name up to and with the first delimiter behind the prefix; undefined when it has none. */
export function rollUp({ prefix, delimiter }: Rolling, name: string): string | undefined {
  if (delimiter === undefined || delimiter === "" || !name.startsWith(prefix)) return undefined;
  const at = name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}
