/**
 * The typed client of the admin API. Small calls go over node:http (connection.ts), object bodies over undici (bodies.ts, loaded when
 * the first body moves). Knows routes and shapes, and checks nothing that the server checks.
 */
import { EfsError } from "../base/errors.ts";
import { parseBucketPath, parseTenantPath } from "../model/names.ts";
import type { AdminClient, ConnectOptions, CopyResult } from "./admin-client.ts";
import type { Bodies } from "./bodies.ts";
import { Connection, type ConnectionOptions, errorOf, parseEndpoint } from "./connection.ts";
import { SHOW_NAMES_MAX } from "./header.ts";
import type { CopyOutcome, ObjectInfo } from "./object.ts";
import { ROUTES, type Route, type RouteParameters, type RouteQuery, targetOf } from "./routes.ts";
import type { PageQuery } from "./wire.ts";

export const TIMEOUT_MS_DEFAULT = 10_000;
/** Names of one request for many objects are split at this many bytes of UTF-16, far below what the server takes. */
const SHOW_NAMES_LENGTH_MAX = 128 * 1024;

/** A client of the admin API at an endpoint. Connects when it is first used. @throws BAD_VALUE (endpoint) */
export function connect(options: ConnectOptions): AdminClient {
  const settings: ConnectionOptions = {
    endpoint: parseEndpoint(options.endpoint),
    token: options.token,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS_DEFAULT,
  };
  const caller = callerOf(new Connection(settings));
  const bodies = lazyBodies(settings);
  return {
    ...systemCalls(caller),
    ...namespaceCalls(caller),
    ...userCalls(caller),
    ...objectCalls(caller, bodies),
    ...serviceCalls(caller),
    async close() {
      caller.close();
      await bodies.close();
    },
  };
}

interface Caller {
  call<T>(
    route: Route,
    parameters?: RouteParameters,
    sent?: { query?: RouteQuery; body?: unknown },
  ): Promise<T>;
  close(): void;
}

function callerOf(connection: Connection): Caller {
  return {
    call: async <T>(
      route: Route,
      parameters?: RouteParameters,
      sent: { query?: RouteQuery; body?: unknown } = {},
    ) => {
      const target = encoded(() => targetOf(route, parameters, sent.query));
      return (await connection.call({ method: route.method, target, body: sent.body })) as T;
    },
    close: () => connection.close(),
  };
}

type SystemCalls = Pick<AdminClient, "systemStatus" | "createToken" | "listTokens" | "revokeToken">;

function systemCalls({ call }: Caller): SystemCalls {
  return {
    systemStatus: () => call(ROUTES.systemStatus),
    createToken: (name) => call(ROUTES.createToken, {}, { body: { name } }),
    listTokens: () => call(ROUTES.listTokens),
    revokeToken: (token) => call(ROUTES.revokeToken, { token }),
  };
}

type NamespaceCalls = Pick<
  AdminClient,
  | `${"create" | "show" | "delete"}${"Cluster" | "Tenant" | "Bucket"}`
  | `list${"Clusters" | "Tenants" | "Buckets"}`
  | "updateBucket"
>;

function namespaceCalls({ call }: Caller): NamespaceCalls {
  return {
    createCluster: (body) => call(ROUTES.createCluster, {}, { body }),
    listClusters: (query) => call(ROUTES.listClusters, {}, { query: pageQuery(query) }),
    showCluster: (cluster) => call(ROUTES.showCluster, { cluster }),
    deleteCluster: (cluster) => call(ROUTES.deleteCluster, { cluster }),

    createTenant: (cluster, body) => call(ROUTES.createTenant, { cluster }, { body }),
    listTenants: (cluster, query) => call(ROUTES.listTenants, { cluster }, { query: pageQuery(query) }),
    showTenant: async (path) => call(ROUTES.showTenant, { ...parseTenantPath(path) }),
    deleteTenant: async (path) => call(ROUTES.deleteTenant, { ...parseTenantPath(path) }),

    createBucket: async (path, body) => call(ROUTES.createBucket, { ...parseTenantPath(path) }, { body }),
    listBuckets: async (path, query) =>
      call(ROUTES.listBuckets, { ...parseTenantPath(path) }, { query: pageQuery(query) }),
    showBucket: async (path) => call(ROUTES.showBucket, { ...parseBucketPath(path) }),
    updateBucket: async (path, body) => call(ROUTES.updateBucket, { ...parseBucketPath(path) }, { body }),
    deleteBucket: async (path) => call(ROUTES.deleteBucket, { ...parseBucketPath(path) }),
  };
}

type UserCalls = Pick<
  AdminClient,
  | `${"create" | "show" | "delete" | "enable" | "disable"}User`
  | "listUsers"
  | "rotateKey"
  | "finishRotation"
  | "setPassword"
>;

function userCalls({ call }: Caller): UserCalls {
  const of = (path: string, user: string) => ({ ...parseTenantPath(path), user });
  return {
    createUser: async (path, body) => call(ROUTES.createUser, { ...parseTenantPath(path) }, { body }),
    listUsers: async (path, query) =>
      call(ROUTES.listUsers, { ...parseTenantPath(path) }, { query: pageQuery(query) }),
    showUser: async (path, user) => call(ROUTES.showUser, of(path, user)),
    deleteUser: async (path, user) => call(ROUTES.deleteUser, of(path, user)),
    rotateKey: async (path, user, key = {}) => call(ROUTES.rotateKey, of(path, user), { body: key }),
    finishRotation: async (path, user) => call(ROUTES.finishRotation, of(path, user)),
    enableUser: async (path, user) => call(ROUTES.enableUser, of(path, user)),
    disableUser: async (path, user) => call(ROUTES.disableUser, of(path, user)),
    setPassword: async (path, user, password) =>
      call(ROUTES.setPassword, of(path, user), { body: { password } }),
  };
}

type ObjectCalls = Pick<
  AdminClient,
  | `${"put" | "get" | "show" | "delete" | "copy"}Object`
  | "listObjects"
  | "listVersions"
  | "showObjects"
  | "copyObjects"
>;

function objectCalls({ call }: Caller, bodies: LazyBodies): ObjectCalls {
  return {
    putObject: async (path, name, body, options = {}) => {
      const target = encoded(() => targetOf(ROUTES.putObject, { ...parseBucketPath(path) }, { name }));
      return (await bodies.open()).put(target, body, options);
    },
    getObject: async (path, name, options = {}) => {
      const query = { name, versionId: options.versionId };
      const target = encoded(() => targetOf(ROUTES.getObject, { ...parseBucketPath(path) }, query));
      return (await bodies.open()).get(target, options);
    },
    showObject: async (path, name, versionId) =>
      call(ROUTES.showObject, { ...parseBucketPath(path) }, { query: { name, versionId } }),
    deleteObject: async (path, name, versionId) =>
      call(ROUTES.deleteObject, { ...parseBucketPath(path) }, { query: { name, versionId } }),
    copyObject: (body) => call(ROUTES.copyObject, {}, { body }),
    copyObjects: async (path, { toBucket, items }) => {
      const results: CopyResult[] = [];
      let start = 0;
      for (const part of splitNames(items.map(({ from, to }) => from + to))) {
        const body = { toBucket, items: items.slice(start, start + part.length) };
        start += part.length;
        const outcomes = await call<CopyOutcome[]>(
          ROUTES.copyObjects,
          { ...parseBucketPath(path) },
          { body },
        );
        for (const outcome of outcomes) {
          results.push("error" in outcome ? { error: errorOf(outcome.error) } : outcome);
        }
      }
      return results;
    },
    listObjects: async (path, query) =>
      call(
        ROUTES.listObjects,
        { ...parseBucketPath(path) },
        { query: { ...pageQuery(query), delimiter: query?.delimiter } },
      ),
    listVersions: async (path, query) =>
      call(ROUTES.listVersions, { ...parseBucketPath(path) }, { query: pageQuery(query) }),
    showObjects: async (path, names) => {
      const shown: Array<ObjectInfo | null> = [];
      for (const part of splitNames(names)) {
        const body = { names: part };
        shown.push(
          ...(await call<Array<ObjectInfo | null>>(
            ROUTES.showObjects,
            { ...parseBucketPath(path) },
            { body },
          )),
        );
      }
      return shown;
    },
  };
}

type ServiceCalls = Pick<
  AdminClient,
  | `${"create" | "add" | "show" | "configure" | "enable" | "disable" | "delete"}Service`
  | "listServices"
  | "serviceStatus"
  | "serve"
  | "unserve"
>;

function serviceCalls({ call }: Caller): ServiceCalls {
  return {
    createService: (body) => call(ROUTES.createService, {}, { body }),
    addService: (body) => call(ROUTES.addService, {}, { body }),
    listServices: () => call(ROUTES.listServices),
    showService: (service) => call(ROUTES.showService, { service }),
    serviceStatus: (service) => call(ROUTES.serviceStatus, { service }),
    configureService: (service, body) => call(ROUTES.configureService, { service }, { body }),
    serve: (service, serve) => call(ROUTES.serve, { service }, { body: { serve } }),
    unserve: (service, serve) => call(ROUTES.unserve, { service }, { body: { serve } }),
    enableService: (service) => call(ROUTES.enableService, { service }),
    disableService: (service) => call(ROUTES.disableService, { service }),
    deleteService: (service) => call(ROUTES.deleteService, { service }),
  };
}

interface LazyBodies {
  open(): Promise<Bodies>;
  close(): Promise<void>;
}

function lazyBodies(settings: ConnectionOptions): LazyBodies {
  let opened: Promise<Bodies> | undefined;
  return {
    open() {
      opened ??= import("./bodies.ts").then((module) => new module.Bodies(settings));
      return opened;
    },
    async close() {
      await (await opened)?.close();
    },
  };
}

function pageQuery(query: PageQuery | undefined): RouteQuery {
  return { prefix: query?.prefix, after: query?.after, limit: query?.limit };
}

/** Text with half a surrogate pair cannot be percent-encoded; as a name it is not well-formed. */
function encoded(target: () => string): string {
  try {
    return target();
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new EfsError("BAD_NAME", "a name is not well-formed Unicode", { cause: error });
  }
}

function splitNames(names: readonly string[]): ReadonlyArray<readonly string[]> {
  const parts: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const last = parts.at(-1);
    length += name.length;
    if (last === undefined || length > SHOW_NAMES_LENGTH_MAX || last.length >= SHOW_NAMES_MAX) {
      parts.push([name]);
      length = name.length;
    } else {
      last.push(name);
    }
  }
  return parts;
}
