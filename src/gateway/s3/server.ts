/**
 * The path of a request: addressed, authenticated, authorised, run, answered, counted. Knows nothing of sockets beyond the one exchange, and nothing of
 * what actions do. Errors become AWS's; what is a bug or damage is logged with the request's id and told without its inside.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Segment } from "../../segment/segment.ts";
import type { Identity } from "./access/identity.ts";
import { AccessControl } from "./access-control.ts";
import type { Action, ActionContext, S3Response } from "./action.ts";
import { requestBody } from "./auth/body.ts";
import { type Authentication, Verifier } from "./auth/verifier.ts";
import { unsignedAuthentication } from "./auth-disabled.ts";
import { crossOriginHeaders, preflight } from "./cross-origin.ts";
import { S3Error } from "./errors.ts";
import { health, isHealthRequest } from "./health.ts";
import { Incoming } from "./http/incoming.ts";
import type { Pace } from "./http/pace.ts";
import { ClientGone, reset, sendAnswer } from "./http/send.ts";
import type { Meter } from "./meter.ts";
import { NOBODY, newOutcome, type Outcome, RequestLog } from "./request-log.ts";
import { bucketNameOf, objectNameOf } from "./request-names.ts";
import type { Router } from "./router.ts";
import type { S3Settings } from "./settings.ts";
import { errorXml, toS3Error } from "./wire/error-answer.ts";

/** Requests under way at once; those beyond are told to come again. */
export const REQUESTS_MAX = 512;
export const DEFAULT_REGION = "us-east-1";
/** As nginx has it: the client closed the connection. */
const GONE_STATUS = 499;
const RETRY = { headers: { "Retry-After": "1" } };

export interface ServerParts {
  readonly segment: Segment;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly router: Router;
  /** Random text of this process, the beginning of request ids. */
  readonly idPrefix: string;
  readonly onNotificationsChanged?: ActionContext["onNotificationsChanged"];
  /** undefined: 512. */
  readonly requestsMax?: number | undefined;
}

export class S3Server {
  readonly #parts: ServerParts;
  readonly #settings: S3Settings;
  readonly #verifier: Verifier;
  readonly #access: AccessControl | undefined;
  readonly #requestLog: RequestLog;
  readonly #requestsMax: number;
  readonly #webhooks: ReadonlySet<string>;
  #requestCount = 0;
  isDraining = false;

  constructor(parts: ServerParts, settings: S3Settings) {
    this.#parts = parts;
    this.#settings = settings;
    const { segment, clock, log, meter, requestsMax = REQUESTS_MAX } = parts;
    const { tenant, region, hasAccessLog } = settings;
    this.#requestsMax = requestsMax;
    this.#webhooks = new Set(settings.webhooks.keys());
    this.#requestLog = new RequestLog({ log, meter, hasAccessLog });
    this.#access =
      tenant === undefined ? undefined : new AccessControl(segment, tenant, () => clock.wallMs());
    this.#verifier = new Verifier({
      clock,
      region,
      findKey: async (accessKey) => {
        const owner = await segment.users.findKey(accessKey);
        // A key of another tenant is as good as none.
        const isOurs = owner?.tenant.cluster === tenant?.cluster && owner?.tenant.tenant === tenant?.tenant;
        return isOurs ? owner : undefined;
      },
    });
  }

  incoming(message: IncomingMessage, response: ServerResponse, isExpecting: boolean): Incoming {
    this.#requestCount += 1;
    const number = this.#requestCount.toString(16).toUpperCase().padStart(8, "0");
    const { domains, isProxy } = this.#settings;
    return new Incoming(message, response, {
      id: `${this.#parts.idPrefix}${number}`,
      domains,
      isProxy,
      isExpecting,
    });
  }

  /** Answers one request. Never rejects. */
  async handle(request: Incoming, pace: Pace): Promise<void> {
    const { meter, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const outcome = newOutcome();
    meter.inFlight += 1;
    try {
      const answer = await this.#answer(request, outcome);
      outcome.status = answer.status;
      outcome.bytesOut = await this.#send(request, answer, pace);
    } catch (thrown) {
      await this.#fail(request, thrown, { outcome, pace });
    } finally {
      meter.inFlight -= 1;
      this.#requestLog.ended(request, outcome, clock.monotonicMs() - startedMs);
    }
  }

  async #answer(request: Incoming, outcome: Outcome): Promise<S3Response> {
    const { segment, meter, router, clock } = this.#parts;
    if (this.isDraining) throw new S3Error("ServiceUnavailable", "The service is stopping", RETRY);
    if (isHealthRequest(request)) {
      outcome.operation = "Health";
      return health(segment, clock);
    }
    if (meter.inFlight > this.#requestsMax) throw new S3Error("SlowDown", undefined, RETRY);
    request.address();
    if (request.method === "OPTIONS") {
      outcome.operation = "Options";
      return preflight(this.#site, request);
    }
    const action = router.find(request);
    outcome.operation = action.name;
    const authentication = await this.#authenticate(request);
    outcome.user = authentication.identity.kind === "user" ? authentication.identity.user : NOBODY;
    const { payload } = authentication;
    const headers = bodyHeaders(action, request.headers);
    request.decodeBody(requestBody({ source: request.raw, headers, payload }));
    return this.#run(action, request, authentication);
  }

  get #site() {
    return { segment: this.#parts.segment, tenant: this.#settings.tenant };
  }

  #authenticate(request: Incoming): Promise<Authentication> | Authentication {
    if (this.#settings.auth === "disabled") return unsignedAuthentication(request.headers);
    return this.#verifier.verify(request);
  }

  async #run(action: Action, request: Incoming, authentication: Authentication): Promise<S3Response> {
    const { bucket, key } = request;
    const context = this.#context(request, authentication);
    if (action.permission !== undefined) {
      const { permission } = action;
      const asked = typeof permission === "string" ? permission : permission(request);
      if (bucket === undefined) this.#permitService(action, authentication.identity);
      else await context.authorise(asked, { bucket, key });
    }
    if (action.target === "service" || bucket === undefined) {
      if (action.target !== "service") throw new S3Error("InvalidBucketName");
      return action.run(context, request);
    }
    const path = { ...context.tenant, bucket: bucketNameOf(bucket) };
    if (action.target === "bucket") return action.run({ ...context, bucket: path }, request);
    return action.run({ ...context, object: { ...path, object: objectNameOf(key ?? "") } }, request);
  }

  /** The list of buckets is for users of the tenant; with X-List-All-Buckets false for its admins. */
  #permitService(action: Action, identity: Identity): void {
    const isHidden = action.name === "ListBuckets" && !this.#settings.mayListBuckets;
    if (identity.kind === "user" && (identity.isAdmin || !isHidden)) return;
    throw new S3Error("AccessDenied");
  }

  #context(request: Incoming, authentication: Authentication): ActionContext {
    const { identity, kind: signedBy } = authentication;
    const { segment, clock, log, onNotificationsChanged } = this.#parts;
    const { tenant, region = DEFAULT_REGION, listMax, versionsKept } = this.#settings;
    const access = this.#access;
    if (tenant === undefined || access === undefined) {
      throw new S3Error("ServiceUnavailable", "The service serves no tenant yet", RETRY);
    }
    return {
      segment,
      clock,
      log,
      tenant,
      identity,
      region,
      isRegionFixed: this.#settings.region !== undefined,
      listMax,
      versionsKept,
      webhooks: this.#webhooks,
      onNotificationsChanged,
      as: (other) => this.#context(request, { ...authentication, identity: other }),
      authorise: (permission, { bucket, key }) =>
        access.authorise({ identity, permission, bucket, key, request, signedBy }),
      isAllowed: (permission, { bucket, key }) =>
        access.isAllowed({ identity, permission, bucket, key, request, signedBy }),
    };
  }

  async #send(request: Incoming, answer: S3Response, pace: Pace): Promise<number> {
    const { clock, idPrefix } = this.#parts;
    const onWait = (isWaiting: boolean) => pace.writing(isWaiting);
    const whole = await this.#withOrigin(request, answer);
    return sendAnswer(request, whole, { clock, hostId: idPrefix, onWait });
  }

  #withOrigin(request: Incoming, answer: S3Response): S3Response | Promise<S3Response> {
    if (!request.headers.has("origin") || request.method === "OPTIONS") return answer;
    return crossOriginHeaders(this.#site, request).then((headers) => ({
      ...answer,
      headers: { ...answer.headers, ...headers },
    }));
  }

  async #fail(
    request: Incoming,
    thrown: unknown,
    { outcome, pace }: { readonly outcome: Outcome; readonly pace: Pace },
  ): Promise<void> {
    if (thrown instanceof ClientGone) {
      outcome.status = GONE_STATUS;
      return;
    }
    const error = toS3Error(thrown);
    outcome.code = error.code;
    outcome.status = error.status;
    this.#requestLog.failed(request, error, thrown);
    if (request.response.headersSent) {
      outcome.status = 500;
      reset(request.response);
      return;
    }
    const { idPrefix: hostId } = this.#parts;
    const { id: requestId, resource, bucket, key } = request;
    const facts = { resource, bucket, key, requestId, hostId };
    const body = error.status === 304 ? undefined : errorXml(error, facts);
    try {
      const answer = { status: error.status, headers: error.headers, body };
      outcome.bytesOut = await this.#send(request, answer, pace);
    } catch (cause) {
      this.#requestLog.unanswered(request, cause);
      reset(request.response);
    }
  }
}

/** Actions whose content must say its length, though HTTP takes none for an empty body. */
const SIZED: ReadonlySet<string> = new Set(["PutObject", "UploadPart"]);

function bodyHeaders(
  { name, match }: Action,
  headers: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (
    match.method === "GET" ||
    match.method === "HEAD" ||
    headers.has("content-length") ||
    headers.has("transfer-encoding") ||
    SIZED.has(name)
  )
    return headers;
  return new Map([...headers, ["content-length", "0"]]);
}
