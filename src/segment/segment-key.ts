/**
 * The segment key: 32 bytes outside the engine that secrets at rest are sealed under. Who opens a segment on an engine asks here first
 * whether there are secrets that need the key, so that a lost key is never replaced in silence.
 */
import type { MetaStore } from "../engine/meta-store.ts";
import { KEY_CHECK_KEY } from "./keys.ts";
import { giveUpSecrets } from "./user/give-up-secrets.ts";

export const SEGMENT_KEY_BYTES = 32;

/** True when the segment was opened with a segment key before: only that one fits. @throws RECORD_CORRUPT */
export async function expectsSegmentKey(records: MetaStore): Promise<boolean> {
  return (await records.get(KEY_CHECK_KEY)) !== undefined;
}

/**
 * Gives up all access keys of all users, so that a segment whose key is lost can begin with another one. How many went; durable when resolved.
 * @throws RECORD_CORRUPT, what the engine throws
 */
export function forgetSegmentKey(records: MetaStore): Promise<number> {
  return giveUpSecrets(records);
}
