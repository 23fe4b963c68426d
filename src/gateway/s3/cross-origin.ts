/** Cross-origin requests of browsers: the answer to a preflight, and the headers that an actual answer gets by the bucket's CORS rules. */
import { EfsError } from "../../base/errors.ts";
import { parseBucketName, type TenantPath } from "../../model/names.ts";
import type { Segment } from "../../segment/segment.ts";
import { corsHeaders, requestedHeaders } from "./access/cors.ts";
import type { S3Request, S3Response } from "./action.ts";
import { readConfig } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";

interface Site {
  readonly segment: Segment;
  readonly tenant: TenantPath | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** OPTIONS, which nobody signs. @throws BadRequest (no preflight), AccessDenied (no rule fits) */
export async function preflight(site: Site, request: S3Request): Promise<S3Response> {
  const origin = request.headers.get("origin");
  const method = request.headers.get("access-control-request-method");
  if (origin === undefined || method === undefined) {
    const missing = origin === undefined ? "Origin" : "Access-Control-Request-Method";
    throw new S3Error("BadRequest", `Insufficient information. ${missing} request header needed.`);
  }
  const asked = requestedHeaders(request.headers.get("access-control-request-headers"));
  const headers = await ruledHeaders(site, request.bucket, { origin, method, headers: asked });
  if (headers === undefined) {
    throw new S3Error("AccessDenied", "CORSResponse: This CORS request is not allowed.", {
      elements: { Method: method, ResourceType: request.key === undefined ? "BUCKET" : "OBJECT" },
    });
  }
  return { status: 200, headers };
}

/** For the answer to a request, also one that is an error; undefined: it is not cross-origin, or no rule fits. */
export async function crossOriginHeaders(site: Site, request: S3Request): Promise<Headers | undefined> {
  const origin = request.headers.get("origin");
  if (origin === undefined) return undefined;
  try {
    return await ruledHeaders(site, request.bucket, { origin, method: request.method, headers: [] });
  } catch {
    // Rules that cannot be read grant nothing; the answer itself stays.
    return undefined;
  }
}

async function ruledHeaders(
  { segment, tenant }: Site,
  bucket: string | undefined,
  asked: Parameters<typeof corsHeaders>[1],
): Promise<Headers | undefined> {
  if (tenant === undefined || bucket === undefined) return undefined;
  try {
    const config = await readConfig({ segment }, { ...tenant, bucket: parseBucketName(bucket) }, "cors");
    return config === undefined ? undefined : corsHeaders(config.rules, asked);
  } catch (thrown) {
    if (thrown instanceof EfsError && (thrown.kind === "not_found" || thrown.kind === "usage"))
      return undefined;
    throw thrown;
  }
}
