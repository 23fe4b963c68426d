/**
 * Checking what came over the wire against a schema, and the pieces that schemas share. Only the server loads this and the other
 * `*-schema.ts` files. Unknown fields are refused. Every failure names the field.
 */
import { z } from "zod";
import { EfsError } from "../base/errors.ts";
import { LIST_LIMIT_MAX } from "../model/limits.ts";
import { escapeName } from "../model/names.ts";

/** Keys of the admin's own on clusters, tenants and buckets. */
export const CUSTOM_ENTRIES_MAX = 64;
export const CUSTOM_VALUE_LENGTH_MAX = 1024;
/** Issues beyond this many are not told. */
const ISSUES_MAX = 3;

/** The value as the schema gives it. @throws BAD_REQUEST naming each field that does not fit */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const issues = outcome.error.issues.slice(0, ISSUES_MAX).map((issue) => {
    const field = issue.path.map(String).join(".");
    return escapeName(field === "" ? issue.message : `${field}: ${issue.message}`).slice(0, 300);
  });
  throw new EfsError("BAD_REQUEST", `the ${what} does not fit: ${issues.join("; ")}`, {
    details: { field: escapeName(outcome.error.issues[0]?.path.map(String).join(".") ?? "").slice(0, 300) },
  });
}

/** Any text that may be a name; names.ts says which are, and names too long for it deserve its words. */
export const nameText = z.string().max(16 * 1024);

export const custom = z
  .record(
    z
      .string()
      .regex(/^[Xx]-[!-~]{1,126}$/, "a key begins with X- and has 3 to 128 printable ASCII characters"),
    z.string().max(CUSTOM_VALUE_LENGTH_MAX),
  )
  .refine(
    (entries) => Object.keys(entries).length <= CUSTOM_ENTRIES_MAX,
    `at most ${CUSTOM_ENTRIES_MAX} keys`,
  );

/** A whole number written in decimal digits, as it stands in a query. */
export function digits(max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, "a whole number is expected")
    .transform(Number)
    .pipe(z.number().int().max(max));
}

export const pageQuery = z.strictObject({
  prefix: nameText.optional(),
  after: nameText.optional(),
  limit: digits(LIST_LIMIT_MAX).pipe(z.number().min(1)).optional(),
});

export const noQuery = z.strictObject({});
