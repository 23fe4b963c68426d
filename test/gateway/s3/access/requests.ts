/** Requests and users as the tests of access need them. */
import type { AccessRequest } from "../../../../src/gateway/s3/access/access-request.ts";
import type { Identity } from "../../../../src/gateway/s3/access/identity.ts";

export const MARIA: Identity = { kind: "user", user: "maria", isAdmin: false, accessKey: "AKMARIA" };
export const ADMIN: Identity = { kind: "user", user: "root", isAdmin: true, accessKey: "AKROOT" };
export const NOBODY: Identity = { kind: "anonymous" };

/** A GET of `bk1/a` by nobody, in 2027. */
export function accessRequest(change: Partial<AccessRequest> = {}): AccessRequest {
  return {
    identity: NOBODY,
    tenant: "Hawaii/Cola",
    permission: "s3:GetObject",
    bucket: "bk1",
    key: "a",
    nowMs: Date.parse("2027-01-01T00:00:00Z"),
    remoteAddress: "192.0.2.1",
    isSecure: false,
    query: new Map(),
    headers: new Map(),
    ...change,
  };
}
