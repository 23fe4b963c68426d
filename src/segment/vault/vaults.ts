/**
 * The vaults of a segment's encrypted buckets, by log id, all read at opening. A bucket's key rests in `g/vault/` ++ log id, sealed under a key derived
 * from the segment key: u8 format 1, 12 bytes nonce, 48 bytes sealed. It goes with the bucket, and then nothing of what the bucket held can be read.
 */
import { byteText } from "../../base/byte-text.ts";
import { concat } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { MetaStore, RecordKey, Write } from "../../engine/meta-store.ts";
import { idBytes, type LogId } from "../../model/ids.ts";
import type { BucketRecord } from "../../model/namespace.ts";
import { scanAll } from "../core/core.ts";
import { BOX_NONCE_BYTES, BOX_TAG_BYTES, deriveKey, openBox, sealInto } from "../core/secret-box.ts";
import { rangeOf, VAULT_PREFIX, vaultKey } from "../keys.ts";
import { VAULT_KEY_BYTES, Vault } from "./vault.ts";

const FORMAT = 1;
const PURPOSE = "efscli bucket key v1";

export interface VaultsOptions {
  readonly records: MetaStore;
  readonly random: Random;
  /** undefined: encrypted buckets can be neither made nor read. */
  readonly segmentKey: Uint8Array | undefined;
}

export class Vaults {
  readonly #random: Random;
  readonly #sealingKey: Uint8Array | undefined;
  /** undefined: the bucket's key cannot be opened. By the bytes of the log id, as text. */
  readonly #vaults = new Map<string, Vault | undefined>();

  private constructor({ random, segmentKey }: VaultsOptions) {
    this.#random = random;
    this.#sealingKey = segmentKey === undefined ? undefined : deriveKey(segmentKey, PURPOSE);
  }

  /** @throws RECORD_CORRUPT, what the engine throws */
  static async open(options: VaultsOptions): Promise<Vaults> {
    const vaults = new Vaults(options);
    for await (const { key, value } of scanAll(options.records, rangeOf(VAULT_PREFIX))) {
      vaults.#vaults.set(byteText(key.subarray(VAULT_PREFIX.length)), vaults.#opened(key, value));
    }
    return vaults;
  }

  /** No bucket is encrypted. */
  get isEmpty(): boolean {
    return this.#vaults.size === 0;
  }

  /** The vault of the bucket with this log id (8 bytes as text); undefined: a plain bucket. @throws UNAVAILABLE */
  get(logIdText: string): Vault | undefined {
    const vault = this.#vaults.get(logIdText);
    if (vault === undefined && this.#vaults.has(logIdText)) throw locked();
    return vault;
  }

  /** The segment has a key, and the bucket's is sealed under another one. */
  isLost(logId: LogId): boolean {
    const text = byteText(idBytes(logId));
    return this.#sealingKey !== undefined && this.#vaults.has(text) && this.#vaults.get(text) === undefined;
  }

  /** @throws UNAVAILABLE, RECORD_CORRUPT when the bucket is encrypted and its key is not here */
  require(logId: LogId): Vault {
    const vault = this.get(byteText(idBytes(logId)));
    if (vault === undefined) throw new EfsError("RECORD_CORRUPT", "the key of an encrypted bucket is lost");
    return vault;
  }

  /** A vault with a new key; in force at once, and durable with the write. @throws UNAVAILABLE */
  make(logId: LogId): Write {
    if (this.#sealingKey === undefined) throw locked();
    const bucketKey = this.#random.bytes(VAULT_KEY_BYTES);
    const nonce = this.#random.bytes(BOX_NONCE_BYTES);
    const key = vaultKey(logId);
    const sealed = new Uint8Array(VAULT_KEY_BYTES + BOX_TAG_BYTES);
    sealInto(sealed, { key: this.#sealingKey, nonce, bound: key }, bucketKey);
    this.#vaults.set(byteText(idBytes(logId)), new Vault(bucketKey));
    return { key, value: concat([Uint8Array.of(FORMAT), nonce, sealed]) };
  }

  /** The bucket is gone, or was not made. */
  forget(logIdText: string): void {
    this.#vaults.delete(logIdText);
  }

  #opened(key: RecordKey, value: Uint8Array): Vault | undefined {
    if ((value[0] ?? 0) > FORMAT)
      throw new EfsError("FORMAT_TOO_NEW", `a bucket's key has format ${value[0]}`);
    if (this.#sealingKey === undefined) return undefined;
    const nonce = value.subarray(1, 1 + BOX_NONCE_BYTES);
    if (nonce.length < BOX_NONCE_BYTES) return undefined;
    const terms = { key: this.#sealingKey, nonce, bound: key };
    const bucketKey = openBox(terms, value.subarray(1 + BOX_NONCE_BYTES));
    return bucketKey?.length === VAULT_KEY_BYTES ? new Vault(bucketKey.slice()) : undefined;
  }
}

/**
 * Runs what makes a bucket of this record, with the writes for its key; the key is forgotten when that fails or makes nothing. @throws UNAVAILABLE
 */
export async function withVault<T>(
  { vaults }: { readonly vaults: Vaults },
  { logId, options }: BucketRecord,
  make: (writes: readonly Write[]) => Promise<T>,
): Promise<T> {
  if (options.encryption === "none") return make([]);
  const write = vaults.make(logId);
  let made: T | undefined;
  try {
    made = await make([write]);
    return made;
  } finally {
    if (made === undefined) vaults.forget(byteText(idBytes(logId)));
  }
}

function locked(): EfsError {
  return new EfsError(
    "UNAVAILABLE",
    "an encrypted bucket needs the segment key that its own key is sealed under",
    {
      hint: "put the segment's key (segment.key) back in its place and restart efsd",
    },
  );
}
