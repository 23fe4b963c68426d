/** The UserStore of a segment, put together from its parts. */
import type { Core } from "../core/core.ts";
import type { UserStore } from "../users.ts";
import { findKey, type UserParts } from "./access-keys.ts";
import { KeyCache } from "./key-cache.ts";
import { Passwords } from "./password.ts";
import { Sealer } from "./sealer.ts";
import {
  createUser,
  deleteUser,
  finishRotation,
  listUsers,
  rotateKey,
  setEnabled,
  setPassword,
  showUser,
  verifyPassword,
} from "./user-store.ts";

/** `segmentKey` was checked; undefined: no access keys. */
export function openUsers(core: Core, segmentKey: Uint8Array | undefined): UserStore {
  const { inFlight, random } = core;
  const parts: UserParts = {
    core,
    sealer: segmentKey === undefined ? undefined : new Sealer(segmentKey, random),
    passwords: new Passwords(random),
    cache: new KeyCache(),
  };
  return {
    create: (tenant, name, options) => inFlight.run(() => createUser(parts, tenant, name, options)),
    list: (tenant, options) => inFlight.run(() => listUsers(parts, tenant, options)),
    show: (tenant, name) => inFlight.run(() => showUser(parts, tenant, name)),
    delete: (tenant, name) => inFlight.run(() => deleteUser(parts, tenant, name)),
    rotate: (tenant, name, key) => inFlight.run(() => rotateKey(parts, tenant, name, key)),
    finishRotation: (tenant, name) => inFlight.run(() => finishRotation(parts, tenant, name)),
    setEnabled: (tenant, name, isEnabled) => inFlight.run(() => setEnabled(parts, tenant, name, isEnabled)),
    setPassword: (tenant, name, password) => inFlight.run(() => setPassword(parts, tenant, name, password)),
    verifyPassword: (tenant, name, password) =>
      inFlight.run(() => verifyPassword(parts, tenant, name, password)),
    findKey: (accessKey) => inFlight.run(() => findKey(parts, accessKey)),
  };
}
