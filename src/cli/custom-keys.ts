/** EdgeFS's custom keys: given as `k=v`, kept as `X-k`. */

export function customOf(options: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const custom: Record<string, string> = {};
  for (const [key, value] of Object.entries(options ?? {})) {
    custom[/^x-/i.test(key) ? key : `X-${key}`] = value;
  }
  return custom;
}

/** Microseconds since the epoch, EdgeFS's unit of time, from RFC 3339. */
export function microseconds(rfc3339: string): string {
  return String(Date.parse(rfc3339) * 1000);
}
