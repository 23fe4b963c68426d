/** The bytes of a configured service. FORMAT.md "Service". Settings keep their order; paths too. */
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import {
  NAME_BYTES_MAX,
  SERVICE_PATHS_MAX,
  SERVICE_SETTINGS_MAX,
  SETTING_VALUE_BYTES_MAX,
} from "./limits.ts";
import { parseServiceName } from "./names.ts";
import { corruptRecord, parsed, readFlags, readFormat, writeCount, writeText } from "./record.ts";
import type { ServiceRecord, ServiceType } from "./service.ts";

const FORMAT = 1;
const FLAG_ENABLED = 0x01;

/** Type to its number; numbers are for ever. */
const TYPE_NUMBERS: Readonly<Record<ServiceType, number>> = { isgw: 1, s3: 2, s3s: 3 };

/** A served path with its options: three names, two slashes, and as much again. */
const SERVED_LIMIT = { bytesMax: 2048, what: "a served path" };
const KEY_LIMIT = { bytesMax: NAME_BYTES_MAX, what: "a setting's key" };
const VALUE_LIMIT = { bytesMax: SETTING_VALUE_BYTES_MAX, what: "a setting" };

/** @throws LIMIT, BAD_VALUE for what `decodeService` would refuse */
export function encodeService(service: ServiceRecord): Uint8Array {
  const { settings, served } = service;
  checkCount(settings.length, SERVICE_SETTINGS_MAX, "settings");
  checkCount(served.length, SERVICE_PATHS_MAX, "served paths");
  const writer = new ByteWriter(1024);
  writer.u8(FORMAT).u8(service.isEnabled ? FLAG_ENABLED : 0);
  writer.u8(TYPE_NUMBERS[service.type]);
  writer.text(service.name);
  writeCount(writer, service.revision, "the revision");
  writer.varint(settings.length);
  for (const [key, value] of settings) {
    writeText(writer, key, KEY_LIMIT);
    writeText(writer, value, VALUE_LIMIT);
  }
  writer.varint(served.length);
  for (const path of served) writeText(writer, path, SERVED_LIMIT);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeService(bytes: Uint8Array): ServiceRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "service record");
  const isEnabled = readFlags(reader, FLAG_ENABLED) === FLAG_ENABLED;
  const type = typeOf(reader.u8());
  const name = parsed(parseServiceName, reader.text(NAME_BYTES_MAX));
  const revision = reader.varint();
  const settings = readSettings(reader);
  const servedCount = reader.varint(SERVICE_PATHS_MAX);
  const served: string[] = [];
  for (let index = 0; index < servedCount; index += 1) served.push(reader.text(SERVED_LIMIT.bytesMax));
  reader.end();
  return { name, type, isEnabled, settings, served, revision };
}

function readSettings(reader: ByteReader): ServiceRecord["settings"] {
  const settingCount = reader.varint(SERVICE_SETTINGS_MAX);
  const settings: Array<readonly [string, string]> = [];
  const keys = new Set<string>();
  for (let index = 0; index < settingCount; index += 1) {
    const key = reader.text(NAME_BYTES_MAX);
    if (key === "" || keys.has(key)) throw corruptRecord(`the setting "${key}" is empty or stands twice`);
    keys.add(key);
    settings.push([key, reader.text(SETTING_VALUE_BYTES_MAX)]);
  }
  return settings;
}

function checkCount(count: number, max: number, what: string): void {
  if (count > max) throw new EfsError("LIMIT", `${count} ${what}, the limit is ${max}`);
}

function typeOf(number: number): ServiceType {
  for (const [type, known] of Object.entries(TYPE_NUMBERS)) {
    if (known === number) return type as ServiceType;
  }
  throw corruptRecord(`no service has the type ${number}`);
}
