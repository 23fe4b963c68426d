/** The process's environment variables. The only home of process.env. */

/** The value of a variable; undefined when it is unset or empty. */
export function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === "" ? undefined : value;
}

/** A copy of the whole environment with changes: undefined removes a variable. For child processes. */
export function environmentWith(
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...process.env, ...changes })) {
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}
