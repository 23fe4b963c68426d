/**
 * Buckets as websites, for anybody who may read them: index documents, redirects, the error document with the error's status. Reads as GetObject and
 * HeadObject do, always anonymously and always the latest version; nothing can be written, and queries mean nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { EfsError } from "../../../base/errors.ts";
import type { TenantPath } from "../../../model/names.ts";
import type { Identity } from "../access/identity.ts";
import { AccessControl } from "../access-control.ts";
import type { ObjectContext, S3Request, S3Response } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { crossOriginHeaders } from "../cross-origin.ts";
import { S3Error } from "../errors.ts";
import { Incoming } from "../http/incoming.ts";
import type { Pace } from "../http/pace.ts";
import { ClientGone, reset, sendAnswer } from "../http/send.ts";
import { getObject } from "../operations/get-object.ts";
import { headObject } from "../operations/head-object.ts";
import { bucketNameOf, objectNameOf } from "../request-names.ts";
import { DEFAULT_REGION, REQUESTS_MAX, type ServerParts } from "../server.ts";
import type { S3Settings } from "../settings.ts";
import { noWebsite } from "../website-document.ts";
import { toS3Error } from "../wire/error-answer.ts";
import { errorPage } from "./error-page.ts";
import { locationOf, type SiteAddress, siteAddress } from "./site-address.ts";
import type { Website } from "./website.ts";

const ANONYMOUS: Identity = { kind: "anonymous" };
const NOTHING: ReadonlyMap<string, string> = new Map();
const REDIRECT_HEADER = "x-amz-website-redirect-location";
const OPERATION = "Website";

interface Site extends SiteAddress {
  readonly website: Website;
}

export class WebsiteServer {
  readonly #parts: ServerParts;
  readonly #settings: S3Settings;
  readonly #domains: readonly string[];
  #access: AccessControl | undefined;
  #requestCount = 0;
  isDraining = false;

  constructor(parts: ServerParts, settings: S3Settings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#domains = settings.website?.domains ?? [];
  }

  incoming(message: IncomingMessage, response: ServerResponse, isExpecting: boolean): Incoming {
    this.#requestCount += 1;
    const id = `${this.#parts.idPrefix}W${this.#requestCount.toString(16).toUpperCase().padStart(7, "0")}`;
    return new Incoming(message, response, { id, domains: [], isProxy: this.#settings.isProxy, isExpecting });
  }

  /** Answers one request. Never rejects. */
  async handle(request: Incoming, pace: Pace): Promise<void> {
    const { meter, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const outcome = { status: 0, bucket: "-", code: undefined as string | undefined, bytesOut: 0 };
    meter.inFlight += 1;
    try {
      const answer = await this.#answer(request, outcome);
      outcome.status = answer.status;
      const onWait = (isWaiting: boolean) => pace.writing(isWaiting);
      outcome.bytesOut = await sendAnswer(request, answer, { clock, hostId: this.#parts.idPrefix, onWait });
    } catch (thrown) {
      outcome.status = 499;
      if (!(thrown instanceof ClientGone)) {
        outcome.status = 500;
        this.#parts.log.error({ request: request.id, cause: String(thrown) }, "a website's answer broke off");
        reset(request.response);
      }
    } finally {
      meter.inFlight -= 1;
      const bytesIn = request.raw.receivedBytes;
      const elapsedMs = clock.monotonicMs() - startedMs;
      meter.count({ operation: OPERATION, ...outcome, bytesIn, elapsedMs });
    }
  }

  /** Errors are pages. */
  async #answer(
    request: Incoming,
    outcome: { bucket: string; code: string | undefined },
  ): Promise<S3Response> {
    try {
      const site = await this.#siteOf(request);
      outcome.bucket = site.bucket;
      return await this.#serve(request, site, outcome);
    } catch (thrown) {
      const error = toS3Error(thrown);
      outcome.code = error.code;
      if (error.status >= 500 && !(thrown instanceof S3Error)) {
        this.#parts.log.error({ request: request.id, cause: String(thrown) }, "a website's request failed");
      }
      if (error.status === 304) return { status: 304, headers: error.headers };
      return errorPage(error, request.id);
    }
  }

  async #siteOf(request: Incoming): Promise<Site> {
    const { meter } = this.#parts;
    if (this.isDraining) throw new S3Error("ServiceUnavailable", "The service is stopping");
    if (meter.inFlight > REQUESTS_MAX) throw new S3Error("SlowDown");
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new S3Error("MethodNotAllowed", undefined, { headers: { Allow: "GET, HEAD" } });
    }
    const address = await siteAddress(request, this.#domains, async (name) => {
      return (await this.#websiteOf(name)) !== undefined;
    });
    if (address === undefined) throw new S3Error("NoSuchBucket", "No bucket is named");
    const website = await this.#websiteOf(address.bucket);
    if (website === undefined) throw noWebsite();
    return { ...address, website };
  }

  /** undefined: no such website, and strangers are not told whether there is such a bucket. */
  async #websiteOf(bucket: string): Promise<Website | undefined> {
    try {
      return await readConfig(this.#parts, { ...this.#tenant, bucket: bucketNameOf(bucket) }, "website");
    } catch (thrown) {
      if (thrown instanceof S3Error && thrown.code === "InvalidBucketName") return undefined;
      if (thrown instanceof EfsError && thrown.code === "BUCKET_NOT_FOUND") return undefined;
      throw thrown;
    }
  }

  get #tenant(): TenantPath {
    const { tenant } = this.#settings;
    if (tenant === undefined) throw new S3Error("ServiceUnavailable", "The service serves no tenant yet");
    return tenant;
  }

  async #serve(request: Incoming, site: Site, outcome: { code: string | undefined }): Promise<S3Response> {
    const { indexSuffix = "", redirectAll } = site.website;
    const { key } = site;
    if (redirectAll !== undefined) {
      const protocol = redirectAll.protocol ?? (request.isSecure ? "https" : "http");
      const path = locationOf({ ...site, base: "" }, key ?? "");
      return redirect(301, `${protocol}://${redirectAll.host}${path}${site.query}`);
    }
    // Without the slash what the index names beside itself would be looked for beside the bucket.
    if (key === undefined && !request.resource.endsWith("/")) return redirect(302, `${site.base}/`);
    const isFolder = key === undefined || key.endsWith("/");
    try {
      const read = await this.#read(request, site, isFolder ? `${key ?? ""}${indexSuffix}` : key);
      const elsewhere = read.headers?.[REDIRECT_HEADER];
      if (elsewhere === undefined) return read;
      return redirect(301, elsewhere.startsWith("/") ? `${site.base}${elsewhere}` : elsewhere);
    } catch (thrown) {
      const error = toS3Error(thrown);
      if (error.status < 400 || error.status > 499) throw thrown;
      if (!isFolder && (await this.#isReadable(request, site, `${key}/${indexSuffix}`))) {
        return redirect(302, `${locationOf(site, `${key}/`)}${site.query}`);
      }
      outcome.code = error.code;
      return await this.#errorDocument(request, site, error);
    }
  }

  async #errorDocument(request: Incoming, site: Site, error: S3Error): Promise<S3Response> {
    const { errorKey } = site.website;
    if (errorKey === undefined) throw error;
    try {
      // Conditions and ranges are about what was asked for, not about this.
      const { body, sizeBytes, headers = {} } = await this.#read(request, site, errorKey, NOTHING);
      const { ETag: _, "Last-Modified": __, "Accept-Ranges": ___, ...kept } = headers;
      return { status: error.status, headers: { ...kept, ...error.headers }, body, sizeBytes };
    } catch (thrown) {
      if (toS3Error(thrown).status >= 500) throw thrown;
      throw error;
    }
  }

  /** @throws S3Error, what the segment throws */
  async #read(
    request: Incoming,
    site: Site,
    key: string,
    headers: ReadonlyMap<string, string> = request.headers,
  ): Promise<S3Response> {
    const { context, view } = this.#contextOf(request, { bucket: site.bucket, key, headers });
    await context.authorise("s3:GetObject", { bucket: site.bucket, key });
    const action = request.method === "HEAD" ? headObject : getObject;
    if (action.target !== "object") throw new S3Error("InternalError");
    const answer = await action.run(context, view);
    if (!headers.has("origin")) return answer;
    const origin = await crossOriginHeaders({ segment: context.segment, tenant: context.tenant }, view);
    return { ...answer, headers: { ...answer.headers, ...origin } };
  }

  async #isReadable(request: Incoming, site: Site, key: string): Promise<boolean> {
    try {
      const { context } = this.#contextOf(request, { bucket: site.bucket, key, headers: NOTHING });
      if (!(await context.isAllowed("s3:GetObject", { bucket: site.bucket, key }))) return false;
      return !(await context.segment.objects.show(context.object)).isDeleted;
    } catch {
      return false;
    }
  }

  #accessOf(tenant: TenantPath): AccessControl {
    const { segment, clock } = this.#parts;
    this.#access ??= new AccessControl(segment, tenant, () => clock.wallMs());
    return this.#access;
  }

  #contextOf(
    request: Incoming,
    { bucket, key, headers }: { bucket: string; key: string; headers: ReadonlyMap<string, string> },
  ): { readonly context: ObjectContext; readonly view: S3Request } {
    const { segment, clock, log } = this.#parts;
    const { region = DEFAULT_REGION, listMax, versionsKept } = this.#settings;
    const tenant = this.#tenant;
    const { id, method, isSecure, baseUrl, remoteAddress, signal } = request;
    const view: S3Request = {
      id,
      method,
      isSecure,
      baseUrl,
      remoteAddress,
      signal,
      bucket,
      key,
      query: NOTHING,
      headers,
      get body(): never {
        throw new S3Error("InternalError");
      },
    };
    const access = this.#accessOf(tenant);
    const asked = (permission: string, resource: { bucket: string; key?: string | undefined }) => {
      const { bucket: asksBucket, key: asksKey } = resource;
      const signedBy = "anonymous" as const;
      return { identity: ANONYMOUS, permission, bucket: asksBucket, key: asksKey, request: view, signedBy };
    };
    const context: ObjectContext = {
      segment,
      clock,
      log,
      tenant,
      identity: ANONYMOUS,
      region,
      listMax,
      versionsKept,
      object: { ...tenant, bucket: bucketNameOf(bucket), object: objectNameOf(key) },
      as: () => context,
      authorise: (permission, resource) => access.authorise(asked(permission, resource)),
      isAllowed: (permission, resource) => access.isAllowed(asked(permission, resource)),
    };
    return { context, view };
  }
}

function redirect(status: 301 | 302, location: string): S3Response {
  return { status, headers: { Location: location }, body: "" };
}
