/** Requests about services. What values of settings mean is checked where services are kept (gateway/admin/service). */
import { z } from "zod";
import { SERVICE_PATHS_MAX, SERVICE_SETTINGS_MAX, SETTING_VALUE_BYTES_MAX } from "../model/limits.ts";
import { nameText } from "./schema.ts";
import type { ConfigureService, CreateService } from "./service.ts";

const word = z.string().max(SETTING_VALUE_BYTES_MAX);
const settingKey = z
  .string()
  .regex(/^X-[A-Za-z0-9._-]{1,126}$/, "a key is X- and letters, digits, '-', '_', '.'");

export const createService: z.ZodType<CreateService> = z.strictObject({ type: word, name: nameText });

/** Fields that are missing or do not fit each other are found later, so that all of them are named by their flags. */
export const addIsgw = z.strictObject({
  name: nameText,
  type: word,
  remote: word.optional(),
  listen: word.optional(),
  direction: word.optional(),
  replication: word.optional(),
  authKey: word.optional(),
  serve: z.array(word).max(SERVICE_PATHS_MAX).default([]),
  intervalMs: z.number().int().positive().optional(),
});
export type AddIsgwFields = z.output<typeof addIsgw>;

/** Fields of all types: which of them fit the type is found later. */
export const addService = addIsgw.extend({
  host: word.optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  domain: word.optional(),
});
export type AddServiceFields = z.output<typeof addService>;

/** Ours, or EdgeFS's `{param, value}`. */
export const configureService: z.ZodType<ConfigureService> = z.union([
  z.strictObject({
    settings: z
      .record(settingKey, word.nullable())
      .refine(
        (entries) => Object.keys(entries).length <= SERVICE_SETTINGS_MAX,
        `at most ${SERVICE_SETTINGS_MAX} keys`,
      ),
  }),
  z
    .strictObject({ param: settingKey, value: word.nullable() })
    .transform(({ param, value }) => ({ settings: { [param]: value } })),
]);

export const servePath = z.strictObject({ serve: z.string().max(SETTING_VALUE_BYTES_MAX) });
