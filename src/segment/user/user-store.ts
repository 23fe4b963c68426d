/**
 * Users of tenants and their access keys. Invariants: an access key's index record and the key in its user's record are made and
 * removed in one batch; a user never stands without its tenant (the tenant's fence, as with buckets).
 */
import { EfsError } from "../../base/errors.ts";
import type { Check, Write } from "../../engine/meta-store.ts";
import { formatTenantPath, type TenantPath } from "../../model/names.ts";
import {
  parseUserName,
  type SealedKey,
  USER_KEYS_MAX,
  type UserName,
  type UserRecord,
} from "../../model/user.ts";
import { decodeUser, encodeUser } from "../../model/user-record.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { accessKeyKey, tenantFenceKey, tenantKey, userKey, userPrefix } from "../keys.ts";
import { absent, newFence, showTenant, tenantNotFound } from "../namespace/containers.ts";
import { listNames } from "../namespace/listing.ts";
import type { Listing, ListOptions } from "../namespace.ts";
import type { CreateUser, NewAccessKey, UserSummary } from "../users.ts";
import { newKey, type UserParts } from "./access-keys.ts";

export async function createUser(
  parts: UserParts,
  tenant: TenantPath,
  text: string,
  options: CreateUser = {},
): Promise<NewAccessKey> {
  const { core, passwords } = parts;
  const name = parseUserName(text);
  const made = newKey(parts, { tenant, name }, options);
  await core.guard.admit(0);
  const password = options.password === undefined ? undefined : await passwords.hash(options.password);
  const record: UserRecord = {
    revision: 1,
    isAdmin: options.isAdmin === true,
    isEnabled: true,
    createdMs: nowMs(core),
    password,
    keys: [made.sealed],
  };
  const key = userKey(tenant, name);
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const parent = await core.records.get(tenantKey(tenant));
    if (parent === undefined) throw tenantNotFound(tenant);
    const outcome = await core.guard.commit({
      checks: [absent(key), absent(made.index.key), { key: tenantKey(tenant), expected: parent }],
      writes: [{ key, value: encodeUser(record) }, made.index, newFence(core, tenantFenceKey(tenant))],
    });
    if (outcome.isCommitted) return made.shown;
    if (outcome.failedCheck === 0) {
      const path = `${formatTenantPath(tenant)} ${name}`;
      throw new EfsError("USER_EXISTS", `user ${name} of ${formatTenantPath(tenant)} is there already`, {
        hint: `efscli user rotate ${path} gives it a further key`,
      });
    }
    if (outcome.failedCheck === 1) throw accessKeyExists(made.shown.accessKey);
  }
  throw contended(`tenant ${formatTenantPath(tenant)}`);
}

export async function listUsers(
  { core }: UserParts,
  tenant: TenantPath,
  options?: ListOptions,
): Promise<Listing<UserSummary>> {
  await showTenant(core, tenant);
  return listNames(core.records, userPrefix(tenant), options, (name, { value }) =>
    summaryOf(parseUserName(name), decodeUser(value)),
  );
}

export async function showUser({ core }: UserParts, tenant: TenantPath, text: string): Promise<UserSummary> {
  const { name, record } = await readUser(core, tenant, text);
  return summaryOf(name, record);
}

export async function deleteUser(parts: UserParts, tenant: TenantPath, text: string): Promise<void> {
  await changeUser(parts, { tenant, text }, (record) => ({
    next: undefined,
    writes: removals(record.keys),
  }));
}

export async function rotateKey(
  parts: UserParts,
  tenant: TenantPath,
  text: string,
  given: Pick<CreateUser, "accessKey" | "secretKey"> = {},
): Promise<NewAccessKey> {
  const made = newKey(parts, { tenant, name: parseUserName(text) }, given);
  await changeUser(parts, { tenant, text }, (record) => {
    const keys = [made.sealed, ...record.keys];
    return {
      next: { ...record, keys: keys.slice(0, USER_KEYS_MAX) },
      checks: [absent(made.index.key)],
      writes: [made.index, ...removals(keys.slice(USER_KEYS_MAX))],
      onCheckFailed: () => accessKeyExists(made.shown.accessKey),
    };
  });
  return made.shown;
}

export function finishRotation(parts: UserParts, tenant: TenantPath, text: string): Promise<UserSummary> {
  return changedSummary(parts, { tenant, text }, (record) => ({
    next: { ...record, keys: record.keys.slice(0, 1) },
    writes: removals(record.keys.slice(1)),
  }));
}

export function setEnabled(
  parts: UserParts,
  tenant: TenantPath,
  text: string,
  isEnabled: boolean,
): Promise<UserSummary> {
  return changedSummary(parts, { tenant, text }, (record) => ({ next: { ...record, isEnabled } }));
}

export async function setPassword(
  parts: UserParts,
  tenant: TenantPath,
  text: string,
  password: string,
): Promise<void> {
  await readUser(parts.core, tenant, text);
  const hash = await parts.passwords.hash(password);
  await changeUser(parts, { tenant, text }, (record) => ({ next: { ...record, password: hash } }));
}

export async function verifyPassword(
  { core, passwords }: UserParts,
  tenant: TenantPath,
  text: string,
  password: string,
): Promise<boolean> {
  const { record } = await readUser(core, tenant, text);
  return passwords.verify(password, record.password);
}

interface Change {
  /** undefined: the user goes. Its revision is moved here. */
  readonly next: UserRecord | undefined;
  readonly checks?: readonly Check[];
  readonly writes?: readonly Write[];
  /** The error when one of `checks` does not hold. */
  readonly onCheckFailed?: () => EfsError;
}

interface Target {
  readonly tenant: TenantPath;
  readonly text: string;
}

/** Changes a user's record as it is now, and forgets what is held of its keys. */
async function changeUser(
  { core, cache }: UserParts,
  { tenant, text }: Target,
  plan: (record: UserRecord) => Change,
): Promise<UserRecord | undefined> {
  core.guard.assertNotReadOnly();
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const { name, record, stored } = await readUser(core, tenant, text);
    const key = userKey(tenant, name);
    const change = plan(record);
    const next = change.next === undefined ? undefined : { ...change.next, revision: record.revision + 1 };
    try {
      const outcome = await core.guard.commit({
        checks: [{ key, expected: stored }, ...(change.checks ?? [])],
        writes: [{ key, value: next === undefined ? undefined : encodeUser(next) }, ...(change.writes ?? [])],
      });
      if (outcome.isCommitted) return next;
      if (outcome.failedCheck > 0 && change.onCheckFailed !== undefined) throw change.onCheckFailed();
    } finally {
      // Also when the answer was lost: it may have been committed.
      cache.forget(record.keys.map(({ accessKey }) => accessKey));
    }
  }
  throw contended(`user ${text} of ${formatTenantPath(tenant)}`);
}

async function changedSummary(
  parts: UserParts,
  target: Target,
  plan: (record: UserRecord) => Change & { readonly next: UserRecord },
): Promise<UserSummary> {
  const record = await changeUser(parts, target, plan);
  if (record === undefined) throw userNotFound(target.tenant, target.text);
  return summaryOf(parseUserName(target.text), record);
}

async function readUser(
  core: Core,
  tenant: TenantPath,
  text: string,
): Promise<{ readonly name: UserName; readonly record: UserRecord; readonly stored: Uint8Array }> {
  const name = parseUserName(text);
  const stored = await core.records.get(userKey(tenant, name));
  if (stored !== undefined) return { name, record: decodeUser(stored), stored };
  await showTenant(core, tenant);
  throw userNotFound(tenant, name);
}

function removals(keys: readonly SealedKey[]): readonly Write[] {
  return keys.map(({ accessKey }) => ({ key: accessKeyKey(accessKey), value: undefined }));
}

function summaryOf(name: string, record: UserRecord): UserSummary {
  const { isAdmin, isEnabled, createdMs } = record;
  const keys = record.keys.map((key) => ({ accessKey: key.accessKey, createdMs: key.createdMs }));
  return { name, isAdmin, isEnabled, hasPassword: record.password !== undefined, createdMs, keys };
}

function userNotFound(tenant: TenantPath, name: string): EfsError {
  const path = formatTenantPath(tenant);
  return new EfsError("USER_NOT_FOUND", `no user ${name} of ${path}`, { hint: `efscli user list ${path}` });
}

function accessKeyExists(accessKey: string): EfsError {
  return new EfsError("ACCESS_KEY_EXISTS", `the access key ${accessKey} is somebody's already`, {
    hint: "give another one, or none to have one made",
  });
}
