/** The Namespace of a segment, put together from its parts. */
import type { Core } from "../core/core.ts";
import type { Namespace } from "../namespace.ts";
import { BucketConfigs } from "./bucket-config.ts";
import { createBucket, ensureBucket, listBuckets, showBucket, updateBucket } from "./bucket-store.ts";
import {
  createCluster,
  createTenant,
  deleteCluster,
  deleteTenant,
  listClusters,
  listTenants,
  showCluster,
  showTenant,
} from "./containers.ts";
import { type Dropper, deleteBucket } from "./delete-bucket.ts";

export function openNamespace(core: Core, dropper: Dropper): Namespace {
  const { inFlight } = core;
  const configs = new BucketConfigs(core);
  return {
    createCluster: (name, custom) => inFlight.run(() => createCluster(core, name, custom)),
    deleteCluster: (name) => inFlight.run(() => deleteCluster(core, name)),
    showCluster: (name) => inFlight.run(() => showCluster(core, name)),
    listClusters: (options) => inFlight.run(() => listClusters(core, options)),
    createTenant: (path, custom) => inFlight.run(() => createTenant(core, path, custom)),
    deleteTenant: (path) => inFlight.run(() => deleteTenant(core, path)),
    showTenant: (path) => inFlight.run(() => showTenant(core, path)),
    listTenants: (cluster, options) => inFlight.run(() => listTenants(core, cluster, options)),
    createBucket: (path, options) =>
      inFlight.run(async () => {
        await createBucket(core, path, options);
      }),
    deleteBucket: (path) => inFlight.run(() => deleteBucket(core, dropper, path)),
    updateBucket: (path, change) => inFlight.run(() => updateBucket(core, dropper, path, change)),
    encryptionOf: async (path) =>
      (core.buckets.held(path) ?? (await inFlight.run(() => core.buckets.open(path)))).record.options
        .encryption,
    getConfig: (path, kind) => inFlight.run(() => configs.get(path, kind)),
    putConfig: (path, kind, text) => inFlight.run(() => configs.put(path, kind, text)),
    showBucket: (path) => inFlight.run(() => showBucket(core, path)),
    listBuckets: (path, options) => inFlight.run(() => listBuckets(core, path, options)),
    ensureBucket: (path, options) => inFlight.run(() => ensureBucket(core, path, options)),
  };
}
