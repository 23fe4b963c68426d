/**
 * Tells who makes a request by its Signature Version 4, in the Authorization header or in the query (presigned). Reads nothing of the
 * body: what the body must prove is handed on as a `Payload`. Forms (POST) prove themselves by post-policy.ts.
 */
import type { Clock } from "../../../base/clock.ts";
import type { KeyOwner } from "../../../segment/users.ts";
import type { Identity } from "../access/identity.ts";
import { S3Error } from "../errors.ts";
import { canonicalRequest, type SignedRequest } from "./canonical-request.ts";
import { type Payload, payloadOf, UNSIGNED_PAYLOAD } from "./payload.ts";
import { type PresentedSignature, presentedSignature } from "./presented-signature.ts";
import { ALGORITHM, hmacHex, isSameText, SERVICE, SigningKeys, sha256Hex } from "./sigv4.ts";

/** How far the clocks of client and server may differ. */
export const CLOCK_WINDOW_MS = 15 * 60 * 1000;

/** Resolves to the owner of a valid access key; undefined: nobody who may use this service. */
export type FindKey = (accessKey: string) => Promise<KeyOwner | undefined>;

export interface VerifierOptions {
  readonly clock: Clock;
  readonly findKey: FindKey;
  /** The only region that signatures may name; undefined: any. */
  readonly region: string | undefined;
}

export interface Authentication {
  readonly identity: Identity;
  /** What `requestBody` (body.ts) checks the body against. */
  readonly payload: Payload;
  /** Whether the signature stands in the query; some actions allow response overrides only to signed requests. */
  readonly kind: "anonymous" | "header" | "presigned";
}

/** One for each service; keeps derived signing keys. */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #keys = new SigningKeys();

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * @throws S3Error AccessDenied, AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidAccessKeyId,
   * InvalidArgument, InvalidRequest, NotImplemented, RequestTimeTooSkewed, SignatureDoesNotMatch
   */
  async verify({ method, target, headers, sentHeaders = headers }: SignedRequest): Promise<Authentication> {
    const request = { method, target, headers: sentHeaders };
    const presented = presentedSignature(request);
    const word = request.headers.get("x-amz-content-sha256");
    if (presented === undefined) {
      const payload: Payload = word === undefined ? { kind: "plain" } : payloadOf(word, undefined);
      return { identity: { kind: "anonymous" }, payload, kind: "anonymous" };
    }
    this.#checkScope(presented);
    this.#checkTime(presented);
    checkSignedHeaders(request, presented);
    const owner = await this.#options.findKey(presented.credential.accessKey);
    if (owner === undefined) {
      throw new S3Error("InvalidAccessKeyId", undefined, {
        elements: { AWSAccessKeyId: presented.credential.accessKey },
      });
    }
    return this.#checkSignature(request, presented, owner);
  }

  #checkSignature(request: SignedRequest, presented: PresentedSignature, owner: KeyOwner): Authentication {
    const { credential, signedHeaders } = presented;
    const word = payloadWord(request, presented);
    const canonical = canonicalRequest(request, { signedHeaders, payload: word });
    const stringToSign = `${ALGORITHM}\n${presented.amzDate}\n${credential.scope}\n${sha256Hex(canonical)}`;
    const signingKey = this.#keys.of(owner.secretKey, credential);
    const signature = hmacHex(signingKey, stringToSign);
    if (!isSameText(signature, presented.signature)) {
      throw new S3Error("SignatureDoesNotMatch", undefined, {
        elements: {
          AWSAccessKeyId: credential.accessKey,
          SignatureProvided: presented.signature,
          StringToSign: stringToSign,
          CanonicalRequest: canonical,
        },
      });
    }
    const signer = {
      signingKey,
      amzDate: presented.amzDate,
      scope: credential.scope,
      seedSignature: signature,
    };
    return {
      identity: { kind: "user", user: owner.user, isAdmin: owner.isAdmin, accessKey: owner.accessKey },
      payload: payloadOf(word, signer),
      kind: presented.kind,
    };
  }

  #checkScope({ credential, amzDate, kind }: PresentedSignature): void {
    const malformed = (message: string, elements: Readonly<Record<string, string>> = {}) =>
      kind === "header"
        ? new S3Error("AuthorizationHeaderMalformed", `The authorization header is malformed; ${message}`, {
            elements,
          })
        : new S3Error("AuthorizationQueryParametersError", `Error parsing X-Amz-Credential; ${message}`, {
            elements,
          });
    const { region } = this.#options;
    if (region !== undefined && credential.region !== region) {
      throw malformed(`the region '${credential.region}' is wrong; expecting '${region}'`, {
        Region: region,
      });
    }
    if (credential.service !== SERVICE) {
      throw malformed(`incorrect service '${credential.service}'; this endpoint belongs to '${SERVICE}'`);
    }
    if (credential.day !== amzDate.slice(0, 8)) {
      throw malformed(`the day of the credential '${credential.day}' is not that of the date '${amzDate}'`);
    }
  }

  #checkTime(presented: PresentedSignature): void {
    const nowMs = this.#options.clock.wallMs();
    const { signedMs } = presented;
    if (presented.kind === "header") {
      if (Math.abs(nowMs - signedMs) > CLOCK_WINDOW_MS) {
        throw new S3Error("RequestTimeTooSkewed", undefined, {
          elements: {
            RequestTime: presented.amzDate,
            ServerTime: new Date(nowMs).toISOString(),
            MaxAllowedSkewMilliseconds: String(CLOCK_WINDOW_MS),
          },
        });
      }
      return;
    }
    if (signedMs - nowMs > CLOCK_WINDOW_MS) throw new S3Error("AccessDenied", "Request is not yet valid");
    const expiresMs = signedMs + presented.expiresSeconds * 1000;
    if (nowMs > expiresMs) {
      throw new S3Error("AccessDenied", "Request has expired", {
        elements: {
          "X-Amz-Expires": String(presented.expiresSeconds),
          Expires: new Date(expiresMs).toISOString(),
          ServerTime: new Date(nowMs).toISOString(),
        },
      });
    }
  }
}

/** What the last line of the canonical request says of the body. */
function payloadWord(request: SignedRequest, presented: PresentedSignature): string {
  const word = request.headers.get("x-amz-content-sha256");
  if (presented.kind === "presigned") return presented.payloadWord ?? word ?? UNSIGNED_PAYLOAD;
  if (word === undefined) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  return word;
}

/** `host` and every `x-amz-` header that was sent must be signed, or somebody on the way could have added it. */
function checkSignedHeaders(request: SignedRequest, { signedHeaders, kind }: PresentedSignature): void {
  const missing: string[] = [];
  if (!signedHeaders.includes("host")) missing.push("host");
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-amz-") && !signedHeaders.includes(name)) missing.push(name);
  }
  // A presigned address does not know how its user will announce the body; the word itself does no harm.
  const unsigned = kind === "presigned" ? missing.filter((name) => name !== "x-amz-content-sha256") : missing;
  if (unsigned.length > 0) {
    throw new S3Error("AccessDenied", "There were headers present in the request which were not signed", {
      elements: { HeadersNotSigned: unsigned.join(", ") },
    });
  }
  for (const name of signedHeaders) {
    if (!request.headers.has(name)) {
      throw new S3Error(
        "SignatureDoesNotMatch",
        `The signature covers the header ${name}, which is not there`,
      );
    }
  }
}
