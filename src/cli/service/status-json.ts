/**
 * A service and its link as JSON for scripts: instants as RFC 3339 text instead of milliseconds, everything else as the admin API says it, exact.
 */
import type { ServiceStatus } from "../../api/service.ts";
import { rfc3339 } from "../../base/clock.ts";
import type { LinkStatus } from "../../model/link-status.ts";

export function statusJson({ service, link, now }: ServiceStatus): object {
  return { service, link: linkJson(link), now };
}

function linkJson({ lastError, nextAttemptMs, buckets, ...link }: LinkStatus): object {
  return {
    ...link,
    lastError: lastError === undefined ? null : errorJson(lastError),
    nextAttempt: nextAttemptMs === undefined ? null : rfc3339(nextAttemptMs),
    buckets: buckets.map(({ timestampMs, ...bucket }) => ({ ...bucket, timestamp: rfc3339(timestampMs) })),
  };
}

function errorJson({ atMs, ...error }: NonNullable<LinkStatus["lastError"]>): object {
  return { ...error, at: rfc3339(atMs) };
}
