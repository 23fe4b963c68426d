/** Service records, and what services keep durable under keys of their own. */
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { isWellFormed } from "../../base/unicode.ts";
import type { Write } from "../../engine/meta-store.ts";
import { SERVICE_PATHS_MAX, SERVICE_SETTINGS_MAX, SETTING_VALUE_BYTES_MAX } from "../../model/limits.ts";
import { parseServiceName, type ServiceName } from "../../model/names.ts";
import type { ServiceRecord } from "../../model/service.ts";
import { decodeService, encodeService } from "../../model/service-record.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, scanAll } from "../core/core.ts";
import {
  rangeOf,
  SERVICE_PREFIX,
  SERVICES_FENCE_KEY,
  serviceKey,
  stateKey,
  statePrefix,
  textBehind,
} from "../keys.ts";
import { absent, newFence } from "../namespace/containers.ts";
import type { ServiceStore } from "../services.ts";
import { openTokenStore } from "./token-store.ts";

const STATE_KEY_BYTES_MAX = 1024;
const STATE_VALUE_BYTES_MAX = 128 * 1024;
const REMOVALS_MAX = 500;

export function openServiceStore(core: Core): ServiceStore {
  const { inFlight } = core;
  return {
    list: () => inFlight.run(() => listServices(core)),
    show: (name) => inFlight.run(() => showService(core, name)),
    create: (service) => inFlight.run(() => createService(core, service)),
    update: (service) => inFlight.run(() => updateService(core, service)),
    delete: (name) => inFlight.run(() => deleteService(core, name)),
    getState: (name, key) => inFlight.run(async () => core.records.get(checkedStateKey(name, key))),
    putState: (name, key, value) => inFlight.run(() => putState(core, name, key, value)),
    listState: (name, prefix) => inFlight.run(() => listState(core, name, prefix)),
    watch: (onChange) => core.records.watch(SERVICE_PREFIX, onChange),
    tokens: openTokenStore(core),
  };
}

/** The write that keeps a service's state; for commits that carry it beside something else. @throws BAD_VALUE, LIMIT */
export function stateWrite(name: ServiceName, key: string, value: Uint8Array | undefined): Write {
  if (value !== undefined && value.length > STATE_VALUE_BYTES_MAX) {
    throw new EfsError(
      "LIMIT",
      `the state "${key}" of service ${name} is ${value.length} bytes, the limit is ${STATE_VALUE_BYTES_MAX}`,
    );
  }
  return { key: checkedStateKey(name, key), value };
}

async function listServices(core: Core): Promise<readonly ServiceRecord[]> {
  const services: ServiceRecord[] = [];
  for await (const { value } of scanAll(core.records, rangeOf(SERVICE_PREFIX))) {
    services.push(decodeService(value));
  }
  return services;
}

async function showService(core: Core, name: ServiceName): Promise<ServiceRecord> {
  const value = await core.records.get(serviceKey(name));
  if (value === undefined) throw serviceNotFound(name);
  return decodeService(value);
}

async function createService(core: Core, service: Omit<ServiceRecord, "revision">): Promise<ServiceRecord> {
  checkService(service);
  await core.guard.admit(0);
  const record: ServiceRecord = { ...service, revision: 1 };
  const key = serviceKey(service.name);
  // What a service of this name left behind when a crash interrupted its deletion must not become this one's.
  if ((await core.records.get(key)) === undefined) await removeState(core, service.name);
  const outcome = await core.guard.commit({
    checks: [absent(key)],
    writes: [{ key, value: encodeService(record) }, newFence(core, SERVICES_FENCE_KEY)],
  });
  if (outcome.isCommitted) return record;
  throw new EfsError("SERVICE_EXISTS", `service ${service.name} is there already`);
}

async function updateService(core: Core, service: ServiceRecord): Promise<ServiceRecord> {
  checkService(service);
  const key = serviceKey(service.name);
  const stored = await core.records.get(key);
  if (stored === undefined) throw serviceNotFound(service.name);
  const record: ServiceRecord = { ...service, revision: service.revision + 1 };
  const isCurrent = decodeService(stored).revision === service.revision;
  const outcome = isCurrent
    ? await core.guard.commit({
        checks: [{ key, expected: stored }],
        writes: [{ key, value: encodeService(record) }, newFence(core, SERVICES_FENCE_KEY)],
      })
    : undefined;
  if (outcome?.isCommitted) return record;
  throw new EfsError("CONFLICT", `service ${service.name} was changed by someone else meanwhile`, {
    hint: "look at it again and repeat the change",
  });
}

async function deleteService(core: Core, name: ServiceName): Promise<void> {
  const key = serviceKey(name);
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const stored = await core.records.get(key);
    if (stored === undefined) throw serviceNotFound(name);
    // The state goes first, so that a crash leaves a service without positions and never positions without a service.
    await removeState(core, name);
    const outcome = await core.guard.commit({
      checks: [{ key, expected: stored }],
      writes: [{ key, value: undefined }, newFence(core, SERVICES_FENCE_KEY)],
    });
    if (!outcome.isCommitted) continue;
    await removeState(core, name);
    return;
  }
  throw contended(`service ${name}`);
}

async function removeState(core: Core, name: ServiceName): Promise<void> {
  for (;;) {
    const page = await core.records.scan({ ...rangeOf(statePrefix(name)), limit: REMOVALS_MAX });
    if (page.records.length === 0) return;
    await core.guard.commit({ writes: page.records.map(({ key }) => ({ key, value: undefined })) });
  }
}

async function putState(
  core: Core,
  name: ServiceName,
  key: string,
  value: Uint8Array | undefined,
): Promise<void> {
  core.guard.assertNotReadOnly();
  await core.guard.commit({ writes: [stateWrite(name, key, value)] });
}

async function listState(
  core: Core,
  name: ServiceName,
  prefix: string,
): Promise<ReadonlyArray<{ readonly key: string; readonly value: Uint8Array }>> {
  const states: Array<{ readonly key: string; readonly value: Uint8Array }> = [];
  for await (const record of scanAll(core.records, rangeOf(stateKey(name, prefix)))) {
    states.push({ key: textBehind(statePrefix(name), record.key), value: record.value });
  }
  return states;
}

function checkedStateKey(name: ServiceName, key: string): Uint8Array {
  if (key.length === 0 || !isWellFormed(key) || utf8(key).length > STATE_KEY_BYTES_MAX) {
    throw new EfsError("BAD_VALUE", `not a key of a service's state: ${JSON.stringify(key.slice(0, 80))}`);
  }
  return stateKey(name, key);
}

function checkService(service: Omit<ServiceRecord, "revision">): void {
  parseServiceName(service.name);
  if (service.settings.length > SERVICE_SETTINGS_MAX) {
    throw new EfsError("LIMIT", `${service.settings.length} settings, the limit is ${SERVICE_SETTINGS_MAX}`);
  }
  if (service.served.length > SERVICE_PATHS_MAX) {
    throw new EfsError("LIMIT", `${service.served.length} served paths, the limit is ${SERVICE_PATHS_MAX}`);
  }
  for (const [key, value] of service.settings) {
    if (utf8(value).length <= SETTING_VALUE_BYTES_MAX) continue;
    throw new EfsError("LIMIT", `the value of ${key} is longer than ${SETTING_VALUE_BYTES_MAX} bytes`);
  }
}

function serviceNotFound(name: ServiceName): EfsError {
  return new EfsError("SERVICE_NOT_FOUND", `no service ${name}`, {
    hint: "efscli service list shows those that are",
  });
}
