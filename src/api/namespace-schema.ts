/** Requests about clusters, tenants and buckets. */
import { z } from "zod";
import type { CreateBucket, CreateContainer } from "./namespace.ts";
import { custom, nameText } from "./schema.ts";

export const createContainer: z.ZodType<CreateContainer> = z.strictObject({
  name: nameText,
  custom: custom.optional(),
});

/** Bounds of the numbers are the segment's to check; here only their kind. `bucketName` is EdgeFS's word for `name`. */
const bucketFields = {
  custom: custom.optional(),
  chunkBytes: z.number().int().positive().optional(),
  versionsKept: z.number().int().positive().optional(),
};

export const createBucket: z.ZodType<CreateBucket> = z
  .strictObject({ name: nameText.optional(), bucketName: nameText.optional(), ...bucketFields })
  .transform(({ name, bucketName, ...rest }, context) => {
    if ((name === undefined) === (bucketName === undefined)) {
      context.addIssue({ code: "custom", path: ["name"], message: "a text is expected" });
      return z.NEVER;
    }
    return { name: name ?? bucketName ?? "", ...rest };
  });
