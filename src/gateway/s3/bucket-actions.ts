/** The actions on the service, on buckets and their configurations. */
import type { Action } from "./action.ts";

export const BUCKET_ACTIONS: readonly Action[] = [];
