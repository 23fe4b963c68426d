/**
 * A service and its link as JSON for scripts: instants as RFC 3339 text instead of milliseconds, everything else as the admin API says it, exact.
 */
import type { ServiceStatus } from "../../api/service.ts";
import { rfc3339 } from "../../base/clock.ts";
import type { LinkStatus } from "../../model/link-status.ts";
import type { S3Status } from "../../model/s3-status.ts";

export function statusJson({ service, link, s3, now }: ServiceStatus): object {
  return {
    service,
    ...(link === undefined ? {} : { link: linkJson(link) }),
    ...(s3 === undefined ? {} : { s3: s3Json(s3) }),
    now,
  };
}

function s3Json({ kind: _, lastError, operations, notifications = [], ...s3 }: S3Status): object {
  return {
    ...s3,
    lastError: lastError === undefined ? null : errorJson(lastError),
    operations: operations.map(({ p50Ms, p99Ms, ...operation }) => ({
      ...operation,
      p50Ms: p50Ms ?? null,
      p99Ms: p99Ms ?? null,
    })),
    notifications: notifications.map(({ lastError: error, ...notification }) => ({
      ...notification,
      lastError: error === undefined ? null : errorJson(error),
    })),
  };
}

function linkJson({ kind: _, lastError, nextAttemptMs, buckets, ...link }: LinkStatus): object {
  return {
    ...link,
    lastError: lastError === undefined ? null : errorJson(lastError),
    nextAttempt: nextAttemptMs === undefined ? null : rfc3339(nextAttemptMs),
    buckets: buckets.map(({ timestampMs, ...bucket }) => ({ ...bucket, timestamp: rfc3339(timestampMs) })),
  };
}

function errorJson({ atMs, ...error }: { readonly atMs: number; readonly code: string }): object {
  return { ...error, at: rfc3339(atMs) };
}
