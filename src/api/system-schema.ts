/** Requests about the daemon. */
import { z } from "zod";
import { nameText } from "./schema.ts";

export const createToken = z.strictObject({ name: nameText });
