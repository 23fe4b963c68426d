/** Requests about clusters, tenants and buckets. */
import { z } from "zod";
import type { CreateBucket, CreateContainer, UpdateBucket } from "./namespace.ts";
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
  versioning: z.enum(["off", "enabled", "suspended"]).optional(),
  objectLock: z
    .strictObject({
      retention: z
        .strictObject({
          mode: z.enum(["governance", "compliance"]),
          days: z.number().int().positive(),
        })
        .nullable(),
    })
    .optional(),
  encryption: z.enum(["none", "aes256"]).optional(),
  quotaBytes: z.number().int().nonnegative().optional(),
  quotaObjects: z.number().int().nonnegative().optional(),
};

export const updateBucket: z.ZodType<UpdateBucket> = z.strictObject({
  custom: bucketFields.custom,
  versionsKept: bucketFields.versionsKept,
  versioning: bucketFields.versioning,
  objectLock: bucketFields.objectLock,
  encryption: bucketFields.encryption,
  quotaBytes: bucketFields.quotaBytes.nullable(),
  quotaObjects: bucketFields.quotaObjects.nullable(),
});

export const createBucket: z.ZodType<CreateBucket> = z
  .strictObject({ name: nameText.optional(), bucketName: nameText.optional(), ...bucketFields })
  .transform(({ name, bucketName, ...rest }, context) => {
    if ((name === undefined) === (bucketName === undefined)) {
      context.addIssue({ code: "custom", path: ["name"], message: "a text is expected" });
      return z.NEVER;
    }
    return { name: name ?? bucketName ?? "", ...rest };
  });
