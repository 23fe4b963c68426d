/** Requests about users. What passwords and keys look like is the segment's to check. */
import { z } from "zod";
import { SETTING_VALUE_BYTES_MAX } from "../model/limits.ts";
import { nameText } from "./schema.ts";
import type { CreateUser, GivenKey } from "./user.ts";

const word = z.string().max(SETTING_VALUE_BYTES_MAX);
const keyFields = { accessKey: word.optional(), secretKey: word.optional() };

/** One half of a key without the other would be a key that nobody knows, or that is new each time. */
const isWholeKey = ({ accessKey, secretKey }: GivenKey) =>
  (accessKey === undefined) === (secretKey === undefined);
const BOTH = "accessKey and secretKey are given both or not at all";

export const createUser: z.ZodType<CreateUser> = z
  .strictObject({
    name: nameText,
    isAdmin: z.boolean().optional(),
    password: word.optional(),
    ...keyFields,
  })
  .refine(isWholeKey, BOTH);

export const givenKey: z.ZodType<GivenKey> = z.strictObject(keyFields).refine(isWholeKey, BOTH);

export const password = z.strictObject({ password: word });
