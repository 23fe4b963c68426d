/** Requests about objects. Object bodies themselves have no schema. */
import { z } from "zod";
import { METADATA_ENTRIES_MAX, METADATA_VALUE_BYTES_MAX, OBJECT_NAME_BYTES_MAX } from "../model/limits.ts";
import { SHOW_NAMES_MAX } from "./header.ts";
import type { CopyObject, CopyObjects } from "./object.ts";
import { nameText, pageQuery } from "./schema.ts";

/** Limits in bytes are the segment's to check. */
export const metadata = z
  .record(z.string().min(1), z.string().max(METADATA_VALUE_BYTES_MAX))
  .refine(
    (entries) => Object.keys(entries).length <= METADATA_ENTRIES_MAX,
    `at most ${METADATA_ENTRIES_MAX} keys`,
  );

export const copyObject: z.ZodType<CopyObject> = z.strictObject({
  from: z.string().max(2 * OBJECT_NAME_BYTES_MAX),
  to: z.string().max(2 * OBJECT_NAME_BYTES_MAX),
  fromVersionId: z.string().max(64).optional(),
  metadata: metadata.optional(),
});

export const copyObjects: z.ZodType<CopyObjects> = z.strictObject({
  toBucket: z.string().max(2 * OBJECT_NAME_BYTES_MAX),
  items: z.array(z.strictObject({ from: nameText, to: nameText })).max(SHOW_NAMES_MAX),
});

export const showObjects = z.strictObject({ names: z.array(nameText).max(SHOW_NAMES_MAX) });

export const objectQuery = pageQuery.extend({ delimiter: nameText.min(1).optional() });

export const showObjectQuery = z.strictObject({ name: nameText, versionId: z.string().max(64).optional() });
export const objectNameQuery = z.strictObject({ name: nameText });
