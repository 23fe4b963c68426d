/** Assertions: a failure here is a bug of ours, never bad input. */

/** @throws AssertionFailure when `condition` is false. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The end of a switch over a union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}

/** The value, which is known to be there; for array access after a check of the length. */
export function present<T>(value: T | undefined | null, message = "value is absent"): T {
  if (value === undefined || value === null) throw new AssertionFailure(message);
  return value;
}

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}
