/** What the headers of a write say of tags, ACL, retention and legal hold of the new version, and which permissions that needs. */
import {
  type AnnotationChange,
  CANNED_ACLS,
  type CannedAcl,
  type Retention,
} from "../../model/annotation.ts";
import type { ObjectPath } from "../../model/names.ts";
import type { ActionContext } from "./action.ts";
import { requireAclsAllowed } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";
import { parseTaggingHeader } from "./tag-set.ts";

type Headers = ReadonlyMap<string, string>;

const ACL = "x-amz-acl";
const TAGGING = "x-amz-tagging";
const LOCK_MODE = "x-amz-object-lock-mode";
const LOCK_UNTIL = "x-amz-object-lock-retain-until-date";
const LOCK_HOLD = "x-amz-object-lock-legal-hold";
const BYPASS = "x-amz-bypass-governance-retention";
const GRANTS = ["read", "write", "read-acp", "write-acp", "full-control"].map(
  (grant) => `x-amz-grant-${grant}`,
);
/** AWS has them, a segment knows no one for whom they would mean something else than private. */
const ACLS_NOT_HERE: ReadonlySet<string> = new Set([
  "public-read-write",
  "aws-exec-read",
  "bucket-owner-read",
]);
/** Taken also where a bucket has no ACLs: it says what holds anyway. */
export const OWNER_ACL: CannedAcl = "bucket-owner-full-control";
const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/;

/** undefined: none is said. @throws InvalidArgument, InvalidTag, BadRequest, NotImplemented */
export function annotationsOf(headers: Headers, nowMs: number): AnnotationChange | undefined {
  const tagging = headers.get(TAGGING);
  const acl = cannedAclOf(headers);
  const hold = headers.get(LOCK_HOLD);
  const retention = retentionOf(headers.get(LOCK_MODE), headers.get(LOCK_UNTIL), nowMs);
  if (tagging === undefined && acl === undefined && hold === undefined && retention === undefined)
    return undefined;
  return {
    tags: tagging === undefined ? undefined : parseTaggingHeader(tagging),
    acl,
    hold: hold === undefined ? undefined : holdOf(hold, LOCK_HOLD),
    retention,
  };
}

/** Asks for what writing these annotations needs beside the write. @throws AccessDenied, AccessControlListNotSupported */
export async function authoriseAnnotations(
  context: ActionContext,
  path: ObjectPath,
  change: AnnotationChange | undefined,
): Promise<void> {
  if (change === undefined) return;
  const resource = { bucket: path.bucket, key: path.object };
  if (change.tags !== undefined) await context.authorise("s3:PutObjectTagging", resource);
  if (change.acl !== undefined && change.acl !== OWNER_ACL) await requireAclsAllowed(context, path);
  if (change.acl !== undefined && change.acl !== "private")
    await context.authorise("s3:PutObjectAcl", resource);
  if (change.retention !== undefined) await context.authorise("s3:PutObjectRetention", resource);
  if (change.hold !== undefined) await context.authorise("s3:PutObjectLegalHold", resource);
}

/** The ACL that `x-amz-acl` names; undefined: none. @throws InvalidArgument, NotImplemented (also for `x-amz-grant-*`) */
export function cannedAclOf(headers: Headers): CannedAcl | undefined {
  for (const name of GRANTS) {
    if (!headers.has(name)) continue;
    const message = "Grants to single grantees are not supported; use x-amz-acl or a policy";
    throw new S3Error("NotImplemented", message, { elements: { Header: name } });
  }
  const text = headers.get(ACL);
  if (text === undefined) return undefined;
  const acl = CANNED_ACLS.find((known) => known === text);
  if (acl !== undefined) return acl;
  if (ACLS_NOT_HERE.has(text)) {
    throw new S3Error("NotImplemented", `The canned ACL ${text} is not supported`, {
      elements: { Header: ACL },
    });
  }
  throw new S3Error("InvalidArgument", undefined, { elements: { ArgumentName: ACL, ArgumentValue: text } });
}

/** Both or none of mode and date. The date lies ahead. @throws InvalidArgument */
export function retentionOf(
  mode: string | undefined,
  until: string | undefined,
  nowMs: number,
): Retention | undefined {
  if (mode === undefined && until === undefined) return undefined;
  if (mode === undefined || until === undefined) {
    throw new S3Error("InvalidArgument", `${LOCK_UNTIL} and ${LOCK_MODE} must both be supplied`);
  }
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") {
    throw new S3Error("InvalidArgument", "Unknown wormMode directive", {
      elements: { ArgumentName: LOCK_MODE, ArgumentValue: mode.slice(0, 256) },
    });
  }
  const untilMs = parseIsoDate(until);
  if (untilMs === undefined || untilMs <= nowMs) {
    const message =
      untilMs === undefined
        ? "The retain until date must be provided in ISO 8601 format"
        : "The retain until date must be in the future!";
    throw new S3Error("InvalidArgument", message, {
      elements: { ArgumentName: LOCK_UNTIL, ArgumentValue: until.slice(0, 256) },
    });
  }
  return { mode: mode === "GOVERNANCE" ? "governance" : "compliance", untilMs };
}

/** `ON` or `OFF`. @throws InvalidArgument */
export function holdOf(text: string, argument: string): boolean {
  if (text === "ON" || text === "OFF") return text === "ON";
  throw new S3Error("InvalidArgument", "Legal hold must be either of 'ON' or 'OFF'", {
    elements: { ArgumentName: argument, ArgumentValue: text.slice(0, 256) },
  });
}

/** True when the request asks to bypass governance retention, and may. @throws AccessDenied */
export async function isGovernanceBypassed(
  context: ActionContext,
  headers: Headers,
  resource: { readonly bucket: string; readonly key: string },
): Promise<boolean> {
  if (headers.get(BYPASS)?.toLowerCase() !== "true") return false;
  await context.authorise("s3:BypassGovernanceRetention", resource);
  return true;
}

/** Milliseconds of an ISO 8601 moment; undefined for anything else. */
export function parseIsoDate(text: string): number | undefined {
  if (!ISO_DATE.test(text)) return undefined;
  const wallMs = Date.parse(text);
  return Number.isNaN(wallMs) ? undefined : wallMs;
}
