/** Access keys of users: made and sealed, and found again by who signs with them. */
import { EfsError } from "../../base/errors.ts";
import type { Write } from "../../engine/meta-store.ts";
import { formatTenantPath, type TenantPath } from "../../model/names.ts";
import { checkAccessKey, checkSecretKey, type SealedKey, type UserName } from "../../model/user.ts";
import { decodeAccessKey, decodeUser, encodeAccessKey } from "../../model/user-record.ts";
import { type Core, nowMs } from "../core/core.ts";
import { accessKeyKey, userKey } from "../keys.ts";
import type { CreateUser, KeyOwner, NewAccessKey } from "../users.ts";
import type { KeyCache } from "./key-cache.ts";
import type { Passwords } from "./password.ts";
import { randomAccessKey, randomSecretKey } from "./random-keys.ts";
import type { Sealer } from "./sealer.ts";

export interface UserParts {
  readonly core: Core;
  /** undefined: the segment has no key to seal secrets under. */
  readonly sealer: Sealer | undefined;
  readonly passwords: Passwords;
  readonly cache: KeyCache;
}

export interface Owner {
  readonly tenant: TenantPath;
  readonly name: UserName;
}

export interface MadeKey {
  readonly shown: NewAccessKey;
  readonly sealed: SealedKey;
  readonly index: Write;
}

/** @throws BAD_VALUE, UNAVAILABLE */
export function newKey(
  parts: UserParts,
  owner: Owner,
  given: Pick<CreateUser, "accessKey" | "secretKey">,
): MadeKey {
  const { core } = parts;
  const accessKey = checkAccessKey(given.accessKey ?? randomAccessKey(core.random));
  const secretKey = checkSecretKey(given.secretKey ?? randomSecretKey(core.random));
  const sealed = sealerOf(parts).seal(secretKey, whoseSecret(owner, accessKey));
  const value = encodeAccessKey({ tenant: owner.tenant, user: owner.name });
  return {
    shown: { accessKey, secretKey },
    sealed: { accessKey, createdMs: nowMs(core), ...sealed },
    index: { key: accessKeyKey(accessKey), value },
  };
}

/** No part has a NUL, so the text is one owner's only. */
function whoseSecret({ tenant, name }: Owner, accessKey: string): string {
  return [accessKey, formatTenantPath(tenant), name].join("\0");
}

export async function findKey(parts: UserParts, accessKey: string): Promise<KeyOwner | undefined> {
  const held = parts.cache.get(accessKey);
  if (held !== undefined) return held;
  return parts.cache.load(accessKey, () => readKeyOwner(parts, accessKey));
}

async function readKeyOwner(parts: UserParts, accessKey: string): Promise<KeyOwner | undefined> {
  const { records } = parts.core;
  if (!isAccessKey(accessKey)) return undefined;
  const index = await records.get(accessKeyKey(accessKey));
  if (index === undefined) return undefined;
  const { tenant, user } = decodeAccessKey(index);
  const stored = await records.get(userKey(tenant, user));
  const record = stored === undefined ? undefined : decodeUser(stored);
  const sealed = record?.keys.find((key) => key.accessKey === accessKey);
  // It is read in two steps: a key that was removed between them has no owner any more.
  if (record === undefined || sealed === undefined || !record.isEnabled) return undefined;
  const secretKey = sealerOf(parts).open(sealed, whoseSecret({ tenant, name: user }, accessKey));
  return { tenant, user, isAdmin: record.isAdmin, accessKey, secretKey };
}

function isAccessKey(text: string): boolean {
  try {
    checkAccessKey(text);
    return true;
  } catch {
    return false;
  }
}

function sealerOf({ sealer }: UserParts): Sealer {
  if (sealer !== undefined) return sealer;
  throw new EfsError("UNAVAILABLE", "the segment has no segment key, so its users can have no access keys", {
    hint: "run it by efsd, which keeps segment.key in the data directory",
  });
}
