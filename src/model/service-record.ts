/** The bytes of a service record. FORMAT.md describes them. */
import { ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import {
  OBJECT_NAME_BYTES_MAX,
  SERVICE_PATHS_MAX,
  SERVICE_SETTINGS_MAX,
  SETTING_VALUE_BYTES_MAX,
} from "./limits.ts";
import { parseServiceName } from "./names.ts";
import { decodeRecord } from "./record.ts";
import { SERVICE_TYPES, type ServiceRecord } from "./service.ts";

export function encodeService(service: ServiceRecord): Uint8Array {
  const writer = new ByteWriter(512).u8(1).text(service.name).text(service.type);
  writer
    .u8(service.isEnabled ? 1 : 0)
    .varint(service.revision)
    .varint(service.settings.length);
  for (const [key, value] of service.settings) writer.text(key).text(value);
  writer.varint(service.served.length);
  for (const path of service.served) writer.text(path);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeService(bytes: Uint8Array): ServiceRecord {
  return decodeRecord("service record", bytes, (reader) => {
    const name = parseServiceName(reader.text(64));
    const typeName = reader.text(64);
    const type = SERVICE_TYPES.find((candidate) => candidate === typeName);
    if (type === undefined)
      throw new EfsError("FORMAT_TOO_NEW", `a service has the unknown type ${typeName}`);
    const isEnabled = reader.u8() === 1;
    const revision = reader.varint();
    const settings: Array<readonly [string, string]> = [];
    for (let left = reader.varint(SERVICE_SETTINGS_MAX); left > 0; left -= 1) {
      settings.push([reader.text(SETTING_VALUE_BYTES_MAX), reader.text(SETTING_VALUE_BYTES_MAX)]);
    }
    const served: string[] = [];
    for (let left = reader.varint(SERVICE_PATHS_MAX); left > 0; left -= 1)
      served.push(reader.text(OBJECT_NAME_BYTES_MAX));
    return { name, type, isEnabled, settings, served, revision };
  });
}
