/**
 * Every route of the admin API: method and path, in one table that the client and the server share. Paths that EdgeFS had are
 * EdgeFS's. `:name` is one path segment, percent-encoded. Object names travel in the query (`?name=`), because clients
 * normalise path segments such as `..`.
 */

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
}

const TENANTS = "/clusters/:cluster/tenants";
const USERS = `${TENANTS}/:tenant/users`;
const USER = `${USERS}/:user`;
const BUCKETS = `${TENANTS}/:tenant/buckets`;
const BUCKET = `${BUCKETS}/:bucket`;

export const ROUTES = {
  systemStatus: { method: "GET", path: "/system/status" },
  listTokens: { method: "GET", path: "/system/tokens" },
  createToken: { method: "POST", path: "/system/tokens" },
  revokeToken: { method: "DELETE", path: "/system/tokens/:token" },

  listClusters: { method: "GET", path: "/clusters" },
  createCluster: { method: "POST", path: "/clusters" },
  showCluster: { method: "GET", path: "/clusters/:cluster" },
  deleteCluster: { method: "DELETE", path: "/clusters/:cluster" },

  listTenants: { method: "GET", path: TENANTS },
  createTenant: { method: "POST", path: TENANTS },
  showTenant: { method: "GET", path: `${TENANTS}/:tenant` },
  deleteTenant: { method: "DELETE", path: `${TENANTS}/:tenant` },

  listUsers: { method: "GET", path: USERS },
  createUser: { method: "POST", path: USERS },
  showUser: { method: "GET", path: USER },
  deleteUser: { method: "DELETE", path: USER },
  rotateKey: { method: "POST", path: `${USER}/rotate` },
  finishRotation: { method: "POST", path: `${USER}/finish-rotation` },
  enableUser: { method: "POST", path: `${USER}/enable` },
  disableUser: { method: "POST", path: `${USER}/disable` },
  setPassword: { method: "PUT", path: `${USER}/password` },

  listBuckets: { method: "GET", path: BUCKETS },
  createBucket: { method: "POST", path: BUCKETS },
  showBucket: { method: "GET", path: BUCKET },
  updateBucket: { method: "PUT", path: BUCKET },
  deleteBucket: { method: "DELETE", path: BUCKET },

  listObjects: { method: "GET", path: `${BUCKET}/objects` },
  listVersions: { method: "GET", path: `${BUCKET}/objects/versions` },
  showObjects: { method: "POST", path: `${BUCKET}/objects/show` },
  showObject: { method: "GET", path: `${BUCKET}/object/info` },
  copyObject: { method: "POST", path: "/object/copy" },
  copyObjects: { method: "POST", path: `${BUCKET}/objects/copy` },
  putObject: { method: "PUT", path: `${BUCKET}/object` },
  getObject: { method: "GET", path: `${BUCKET}/object` },
  deleteObject: { method: "DELETE", path: `${BUCKET}/object` },

  listServices: { method: "GET", path: "/service" },
  createService: { method: "POST", path: "/service" },
  addService: { method: "POST", path: "/service/add" },
  showService: { method: "GET", path: "/service/:service" },
  deleteService: { method: "DELETE", path: "/service/:service" },
  serviceStatus: { method: "GET", path: "/service/:service/status" },
  configureService: { method: "PUT", path: "/service/:service/config" },
  serve: { method: "PUT", path: "/service/:service/serve" },
  unserve: { method: "DELETE", path: "/service/:service/serve" },
  enableService: { method: "POST", path: "/service/:service/enable" },
  disableService: { method: "POST", path: "/service/:service/disable" },
} as const satisfies Record<string, Route>;
export type RouteName = keyof typeof ROUTES;

export type RouteParameters = Readonly<Record<string, string>>;
export type RouteQuery = Readonly<Record<string, string | number | undefined>>;

/** The request target of a route: parameters and query percent-encoded, undefined query values left out. */
export function targetOf(route: Route, parameters: RouteParameters = {}, query: RouteQuery = {}): string {
  const path = route.path.replace(/:([a-z]+)/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? ""),
  );
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) pairs.push(`${name}=${encodeURIComponent(value)}`);
  }
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}
