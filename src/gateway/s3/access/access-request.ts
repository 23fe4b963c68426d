/** What is known of a request when it is asked whether it may, and the names by which policies ask for it. */
import { type Identity, userArn } from "./identity.ts";

export interface AccessRequest {
  readonly identity: Identity;
  /** `cluster/tenant`. */
  readonly tenant: string;
  /** `s3:GetObject`. */
  readonly permission: string;
  /** undefined: the service itself. */
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly nowMs: number;
  readonly remoteAddress: string;
  readonly isSecure: boolean;
  /** As S3Request has them. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  /** How it was signed: `Authentication.kind`, or `form` for PostObject. */
  readonly signedBy?: "anonymous" | "header" | "presigned" | "form" | undefined;
  /** Tags of the version that it reads or changes; undefined: it is not there, or nobody asked. */
  readonly existingTags?: Readonly<Record<string, string>> | undefined;
}

type Fact = (request: AccessRequest) => string | undefined;

const header =
  (name: string): Fact =>
  ({ headers }) =>
    headers.get(name);
const queried =
  (name: string): Fact =>
  ({ query }) =>
    query.get(name);

/** Lower-case condition keys to their value; undefined: the request has none. */
const FACTS: Readonly<Record<string, Fact>> = {
  "aws:sourceip": ({ remoteAddress }) => plainAddress(remoteAddress),
  "aws:securetransport": ({ isSecure }) => String(isSecure),
  "aws:currenttime": ({ nowMs }) => new Date(nowMs).toISOString(),
  "aws:epochtime": ({ nowMs }) => String(Math.floor(nowMs / 1000)),
  "aws:useragent": header("user-agent"),
  "aws:referer": header("referer"),
  "aws:username": ({ identity }) => (identity.kind === "user" ? identity.user : undefined),
  "aws:userid": ({ identity }) => (identity.kind === "user" ? identity.user : undefined),
  "aws:principalarn": ({ identity, tenant }) =>
    identity.kind === "user" ? userArn(tenant, identity.user) : undefined,
  "aws:principaltype": ({ identity }) => (identity.kind === "user" ? "User" : "Anonymous"),
  "s3:prefix": queried("prefix"),
  "s3:delimiter": queried("delimiter"),
  "s3:max-keys": queried("max-keys"),
  "s3:versionid": queried("versionId"),
  "s3:x-amz-acl": header("x-amz-acl"),
  "s3:x-amz-content-sha256": header("x-amz-content-sha256"),
  "s3:x-amz-copy-source": header("x-amz-copy-source"),
  "s3:x-amz-metadata-directive": header("x-amz-metadata-directive"),
  "s3:x-amz-server-side-encryption": header("x-amz-server-side-encryption"),
  "s3:x-amz-storage-class": header("x-amz-storage-class"),
  "s3:x-amz-website-redirect-location": header("x-amz-website-redirect-location"),
  "s3:object-lock-mode": header("x-amz-object-lock-mode"),
  "s3:object-lock-legal-hold": header("x-amz-object-lock-legal-hold"),
  "s3:object-lock-retain-until-date": header("x-amz-object-lock-retain-until-date"),
  "s3:if-match": header("if-match"),
  "s3:if-none-match": header("if-none-match"),
  "s3:signatureversion": ({ identity }) => (identity.kind === "user" ? "AWS4-HMAC-SHA256" : undefined),
  "s3:authtype": ({ signedBy }) => {
    if (signedBy === "header") return "REST-HEADER";
    if (signedBy === "presigned") return "REST-QUERY-STRING";
    return signedBy === "form" ? "POST" : undefined;
  },
};

const EXISTING_TAG = "s3:existingobjecttag/";
const REQUEST_TAG = "s3:requestobjecttag/";
const REQUEST_TAG_KEYS = "s3:requestobjecttagkeys";

export function isKnownFact(key: string): boolean {
  const name = key.toLowerCase();
  if (Object.hasOwn(FACTS, name) || name === REQUEST_TAG_KEYS) return true;
  return [EXISTING_TAG, REQUEST_TAG].some((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}

/** Whether a condition on this key reads the tags that are stored. */
export function needsExistingTags(key: string): boolean {
  return key.toLowerCase().startsWith(EXISTING_TAG);
}

/** The request's values of a condition key (any case; the name of a tag as it is); none: the request does not have it. */
export function factValues(key: string, request: AccessRequest): readonly string[] {
  const name = key.toLowerCase();
  if (name === REQUEST_TAG_KEYS) return [...requestTags(request).keys()];
  if (name.startsWith(EXISTING_TAG)) {
    const tag = key.slice(EXISTING_TAG.length);
    const { existingTags = {} } = request;
    return Object.hasOwn(existingTags, tag) ? [existingTags[tag] ?? ""] : [];
  }
  if (name.startsWith(REQUEST_TAG)) return one(requestTags(request).get(key.slice(REQUEST_TAG.length)));
  return one(Object.hasOwn(FACTS, name) ? FACTS[name]?.(request) : undefined);
}

function one(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

/** Of `x-amz-tagging`; that it is well-formed is checked by whoever writes it. */
function requestTags({ headers }: AccessRequest): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(headers.get("x-amz-tagging") ?? ""));
}

/** IPv4 that came by an IPv6 socket is IPv4. */
function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}
