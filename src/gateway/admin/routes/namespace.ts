/** Routes of clusters, tenants and buckets. */
import type { BucketInfo, ContainerInfo, UpdateBucket } from "../../../api/namespace.ts";
import { createBucket, createContainer, updateBucket } from "../../../api/namespace-schema.ts";
import { checked, noQuery, pageQuery } from "../../../api/schema.ts";
import type { Page } from "../../../api/wire.ts";
import {
  type BucketPath,
  type ClusterName,
  parseBucketName,
  parseClusterName,
  parseTenantName,
  type TenantPath,
} from "../../../model/names.ts";
import type { BucketOptions } from "../../../model/namespace.ts";
import type { BucketSummary, ContainerSummary, Listing } from "../../../segment/namespace.ts";
import type { AdminContext } from "../context.ts";
import { timeText } from "../object/info.ts";
import type { Asked, Handlers } from "./router.ts";

export function namespaceHandlers({ segment }: AdminContext): Handlers {
  return {
    ...clusterHandlers(segment.namespace),
    ...tenantHandlers(segment.namespace),
    ...bucketHandlers(segment.namespace),
  };
}

type Namespace = AdminContext["segment"]["namespace"];

function clusterHandlers(namespace: Namespace): Handlers {
  return {
    listClusters: async ({ query }) =>
      page(await namespace.listClusters(checked(pageQuery, query, "query")), containerInfo),
    createCluster: async ({ query, body }) => {
      checked(noQuery, query, "query");
      const request = checked(createContainer, body, "body");
      const name = parseClusterName(request.name);
      await namespace.createCluster(name, request.custom);
      return containerInfo(await namespace.showCluster(name));
    },
    showCluster: async (asked) => containerInfo(await namespace.showCluster(clusterOf(asked))),
    deleteCluster: (asked) => namespace.deleteCluster(clusterOf(asked)),
  };
}

function tenantHandlers(namespace: Namespace): Handlers {
  return {
    listTenants: async (asked) => {
      const options = checked(pageQuery, asked.query, "query");
      return page(
        await namespace.listTenants(parseClusterName(asked.parameters.cluster ?? ""), options),
        containerInfo,
      );
    },
    createTenant: async (asked) => {
      const cluster = clusterOf(asked);
      const request = checked(createContainer, asked.body, "body");
      const path = { cluster, tenant: parseTenantName(request.name) };
      await namespace.createTenant(path, request.custom);
      return containerInfo(await namespace.showTenant(path));
    },
    showTenant: async (asked) => containerInfo(await namespace.showTenant(tenantOf(asked))),
    deleteTenant: (asked) => namespace.deleteTenant(tenantOf(asked)),
  };
}

function bucketHandlers(namespace: Namespace): Handlers {
  return {
    listBuckets: async ({ parameters, query }) => {
      const options = checked(pageQuery, query, "query");
      return page(await namespace.listBuckets(tenantOf({ parameters, query: {} }), options), bucketInfo);
    },
    createBucket: async (asked) => {
      const tenant = tenantOf(asked);
      const request = checked(createBucket, asked.body, "body");
      const path = { ...tenant, bucket: parseBucketName(request.name) };
      const { name: _, chunkBytes, ...rest } = request;
      const chunking: Pick<BucketOptions, "chunking"> | undefined =
        chunkBytes === undefined ? undefined : { chunking: { kind: "fixed", chunkBytes } };
      await namespace.createBucket(path, { ...chunking, ...optionsOf(rest) });
      return bucketInfo(await namespace.showBucket(path));
    },
    showBucket: async (asked) => bucketInfo(await namespace.showBucket(bucketOf(asked))),
    updateBucket: async (asked) => {
      const path = bucketOf(asked);
      await namespace.updateBucket(path, optionsOf(checked(updateBucket, asked.body, "body")));
      return bucketInfo(await namespace.showBucket(path));
    },
    deleteBucket: (asked) => namespace.deleteBucket(bucketOf(asked)),
  };
}

/** What is undefined is left out: it stays as it is, or is the default. null is undefined to the segment. */
function optionsOf(request: UpdateBucket): Partial<Omit<BucketOptions, "chunking">> {
  const { custom, versionsKept, versioning, objectLock, encryption, quotaBytes, quotaObjects } = request;
  return {
    ...(custom === undefined ? {} : { custom }),
    ...(versionsKept === undefined ? {} : { versionsKept }),
    ...(versioning === undefined ? {} : { versioning }),
    ...(objectLock === undefined ? {} : { lock: { default: objectLock.retention ?? undefined } }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(quotaBytes === undefined ? {} : { quotaBytes: quotaBytes ?? undefined }),
    ...(quotaObjects === undefined ? {} : { quotaObjects: quotaObjects ?? undefined }),
  };
}

/** The bucket of the path parameters of a request without query. @throws BAD_NAME, BAD_REQUEST */
export function bucketOf(asked: Pick<Asked, "parameters" | "query">): BucketPath {
  return { ...tenantOf(asked), bucket: parseBucketName(asked.parameters.bucket ?? "") };
}

/** The tenant of the path parameters of a request without query. @throws BAD_NAME, BAD_REQUEST */
export function tenantOf(asked: Pick<Asked, "parameters" | "query">): TenantPath {
  return { cluster: clusterOf(asked), tenant: parseTenantName(asked.parameters.tenant ?? "") };
}

function clusterOf({ parameters, query }: Pick<Asked, "parameters" | "query">): ClusterName {
  checked(noQuery, query, "query");
  return parseClusterName(parameters.cluster ?? "");
}

export function page<From, To>(listing: Listing<From>, info: (item: From) => To): Page<To> {
  return { items: listing.items.map(info), next: listing.next ?? null };
}

function containerInfo(container: ContainerSummary<string>): ContainerInfo {
  return { name: container.name, created: timeText(container.createdMs), custom: container.custom };
}

function bucketInfo(bucket: BucketSummary): BucketInfo {
  const { chunking, versionsKept, versioning, lock, encryption, quotaBytes, quotaObjects, custom } =
    bucket.options;
  return {
    name: bucket.name,
    created: timeText(bucket.createdMs),
    custom,
    objectCount: bucket.objectCount,
    sizeBytes: bucket.sizeBytes,
    chunking: chunking.kind,
    chunkBytes: chunking.kind === "fixed" ? chunking.chunkBytes : null,
    versionsKept,
    versioning,
    encryption,
    objectLock: lock === undefined ? null : { retention: lock.default ?? null },
    quotaBytes: quotaBytes ?? null,
    quotaObjects: quotaObjects ?? null,
    logId: bucket.logId,
  };
}
