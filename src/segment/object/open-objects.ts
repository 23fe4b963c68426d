/** The Objects of a segment, put together from its parts. */
import type { Core } from "../core/core.ts";
import type { Objects } from "../objects.ts";
import { expungeVersion } from "./expunge.ts";
import { getObject, showMany } from "./get-object.ts";
import { listObjects } from "./list-objects.ts";
import { listVersions } from "./list-versions.ts";
import { copyObject, deleteObject, putObject } from "./put-object.ts";
import { findVersion } from "./read-object.ts";

export function openObjects(core: Core): Objects {
  const { inFlight } = core;
  return {
    put: (path, body, options) => inFlight.run(() => putObject(core, path, body, options)),
    get: (path, options) => inFlight.run(() => getObject(core, path, options)),
    show: (path, version) => inFlight.run(() => findVersion(core, path, version)),
    list: (bucket, options) => inFlight.run(() => listObjects(core, bucket, options)),
    listVersions: (bucket, options) => inFlight.run(() => listVersions(core, bucket, options)),
    delete: (path, options) => inFlight.run(() => deleteObject(core, path, options)),
    expunge: (path, version, options) => inFlight.run(() => expungeVersion(core, path, version, options)),
    copy: (from, to, options) => inFlight.run(() => copyObject(core, from, to, options)),
    showMany: (bucket, names) => inFlight.run(() => showMany(core, bucket, names)),
  };
}
