/**
 * The way out when the segment key is lost for good: all access keys go, the users stay and can get new ones. The note of the key goes last, so that a
 * crash in between leaves a segment that still wants its old key, and giving up goes on when it is asked for again.
 */
import type { MetaStore } from "../../engine/meta-store.ts";
import { decodeUser, encodeUser } from "../../model/user-record.ts";
import { scanAll } from "../core/core.ts";
import { accessKeyKey, KEY_CHECK_KEY, rangeOf, USERS_PREFIX } from "../keys.ts";

/** How many access keys went. Durable when resolved. To be called before a segment is opened on the records. */
export async function giveUpSecrets(records: MetaStore): Promise<number> {
  let keyCount = 0;
  for await (const { key, value } of scanAll(records, rangeOf(USERS_PREFIX))) {
    const user = decodeUser(value);
    if (user.keys.length === 0) continue;
    const next = encodeUser({ ...user, revision: user.revision + 1, keys: [] });
    await records.commit({
      checks: [{ key, expected: value }],
      writes: [
        { key, value: next },
        ...user.keys.map(({ accessKey }) => ({ key: accessKeyKey(accessKey), value: undefined })),
      ],
    });
    keyCount += user.keys.length;
  }
  await records.commit({ writes: [{ key: KEY_CHECK_KEY, value: undefined }] });
  return keyCount;
}
