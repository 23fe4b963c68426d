/** Which action a request is for: of all whose conditions hold, the one with the most conditions. What fits none is told apart for the client. */
import type { Action, S3Request } from "./action.ts";
import { S3Error } from "./errors.ts";

/** Query names by which AWS tells actions apart. One that no action asks for is an action that is not here. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  "abac",
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "delete",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "location",
  "logging",
  "metadataConfiguration",
  "metadataInventoryTable",
  "metadataJournalTable",
  "metadataTable",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "renameObject",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versioning",
  "versions",
  "website",
]);

type Target = Action["target"];
type Routed = Pick<S3Request, "method" | "bucket" | "key" | "query" | "headers">;

export class Router {
  /** `target method` to actions, those with the most conditions first. */
  readonly #lists = new Map<string, readonly Action[]>();
  /** `target subresource`: some action asks for it. */
  readonly #known = new Set<string>();

  constructor(actions: readonly Action[]) {
    const lists = new Map<string, Action[]>();
    const add = (method: string, action: Action) => {
      const key = `${action.target} ${method}`;
      lists.set(key, [...(lists.get(key) ?? []), action]);
    };
    for (const action of actions) {
      add(action.match.method, action);
      for (const name of subresourcesOf(action)) this.#known.add(`${action.target} ${name}`);
    }
    // A HEAD that is no action of its own is answered as the GET, without its body.
    for (const action of actions) if (action.match.method === "GET") add("HEAD", action);
    for (const [key, list] of lists) {
      this.#lists.set(
        key,
        list.toSorted((one, other) => weight(other) - weight(one)),
      );
    }
  }

  /** @throws NotImplemented (a subresource that is not here), MethodNotAllowed */
  find(request: Routed): Action {
    const target = targetOf(request);
    const found = this.#lists.get(`${target} ${request.method}`)?.find((action) => isMatch(action, request));
    if (request.query.size > 0) this.#refuseUnknown(target, request, found);
    if (found !== undefined) return found;
    throw notAllowed(target, request);
  }

  /** A subresource that the action does not ask for must not be overlooked: `?torrent` is no GetObject. */
  #refuseUnknown(target: Target, request: Routed, found: Action | undefined): void {
    const asked = found === undefined ? [] : subresourcesOf(found);
    for (const name of request.query.keys()) {
      if (!SUBRESOURCES.has(name) || asked.includes(name)) continue;
      if (this.#known.has(`${target} ${name}`)) throw notAllowed(target, request);
      throw new S3Error("NotImplemented", `?${name} is not implemented`, { elements: { Subresource: name } });
    }
  }
}

function notAllowed(target: Target, { method }: Routed): S3Error {
  return new S3Error("MethodNotAllowed", undefined, {
    elements: { Method: method, ResourceType: target.toUpperCase() },
  });
}

function targetOf({ bucket, key }: Routed): Target {
  if (bucket === undefined) return "service";
  return key === undefined ? "bucket" : "object";
}

/** An action of its own for HEAD comes before the GET that it stands for. */
function weight({ match }: Action): number {
  return 2 * ((match.query?.length ?? 0) + (match.headers?.length ?? 0)) + (match.method === "HEAD" ? 1 : 0);
}

function isMatch({ match }: Action, { query, headers }: Routed): boolean {
  return (
    (match.query === undefined || match.query.every((condition) => holds(condition, query))) &&
    (match.headers === undefined || match.headers.every((name) => headers.has(name)))
  );
}

function holds(condition: string, query: S3Request["query"]): boolean {
  const equals = condition.indexOf("=");
  if (equals < 0) return query.has(condition);
  return query.get(condition.slice(0, equals)) === condition.slice(equals + 1);
}

function subresourcesOf({ match }: Action): readonly string[] {
  return (match.query ?? []).filter((name) => SUBRESOURCES.has(name));
}
