/** Finds and parses the signature that a request presents, in its Authorization header or its query. Checks the form only. */
import { type S3Code, S3Error } from "../errors.ts";
import type { SignedRequest } from "./canonical-request.ts";
import { ALGORITHM, type Credential, parseAmzDate, parseCredential } from "./sigv4.ts";

const EXPIRES_SECONDS_MAX = 604_800;
const SIGNED_HEADERS_MAX = 200;

export type PresentedSignature = {
  readonly credential: Credential;
  /** Lower-case names in ascending order. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
  /** As it was signed: `20130524T000000Z`. */
  readonly amzDate: string;
  readonly signedMs: number;
} & (
  | { readonly kind: "header" }
  | {
      readonly kind: "presigned";
      readonly expiresSeconds: number;
      /** Of `X-Amz-Content-Sha256` in the query. */
      readonly payloadWord: string | undefined;
    }
);

/**
 * undefined: the request claims nothing, it is anonymous.
 * @throws AccessDenied, AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidArgument, InvalidRequest, NotImplemented
 */
export function presentedSignature(request: SignedRequest): PresentedSignature | undefined {
  const authorization = request.headers.get("authorization");
  const query = signatureQuery(request.target);
  if (authorization !== undefined) {
    if (query !== undefined) {
      throw new S3Error(
        "InvalidArgument",
        "Only one auth mechanism allowed: a header or the query, not both",
        {
          elements: { ArgumentName: "Authorization" },
        },
      );
    }
    return inHeader(request, authorization);
  }
  return query === undefined ? undefined : inQuery(query);
}

function inHeader(request: SignedRequest, authorization: string): PresentedSignature {
  const space = authorization.indexOf(" ");
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  if (algorithm !== ALGORITHM) throw otherAlgorithm(algorithm);
  const fields = new Map<string, string>();
  for (const field of authorization.slice(space + 1).split(",")) {
    const text = field.trim();
    const equals = text.indexOf("=");
    if (equals > 0 && !fields.has(text.slice(0, equals)))
      fields.set(text.slice(0, equals), text.slice(equals + 1));
  }
  const field = (name: string) => {
    const value = fields.get(name);
    if (value === undefined || value === "") throw malformedHeader(`a non-empty ${name} must be provided`);
    return value;
  };
  const credential = parseCredential(field("Credential"));
  if (credential === undefined) {
    throw malformedHeader("the Credential must be ACCESS_KEY/YYYYMMDD/REGION/s3/aws4_request");
  }
  const { amzDate, signedMs } = dateOf(request);
  return {
    kind: "header",
    credential,
    signedHeaders: headerNames(field("SignedHeaders"), "AuthorizationHeaderMalformed"),
    signature: signatureOf(field("Signature"), "AuthorizationHeaderMalformed"),
    amzDate,
    signedMs,
  };
}

function dateOf(request: SignedRequest): { readonly amzDate: string; readonly signedMs: number } {
  const amzDate = request.headers.get("x-amz-date");
  if (amzDate !== undefined) {
    const signedMs = parseAmzDate(amzDate);
    if (signedMs !== undefined) return { amzDate, signedMs };
  }
  const date = amzDate === undefined ? request.headers.get("date") : undefined;
  const signedMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(signedMs) || signedMs < 0 || signedMs > 253_402_300_799_000) {
    throw new S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
  }
  return {
    amzDate: `${new Date(signedMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`,
    signedMs,
  };
}

/** The parameters of a signature in a query, decoded; undefined when there are none. */
function signatureQuery(target: string): ReadonlyMap<string, string> | undefined {
  const mark = target.indexOf("?");
  if (mark < 0) return undefined;
  const query = target.slice(mark + 1);
  if (!query.includes("X-Amz-") && !query.includes("Signature=")) return undefined;
  const found = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!name.startsWith("X-Amz-") && name !== "Signature" && name !== "AWSAccessKeyId") continue;
    if (found.has(name)) throw malformedQuery(`${name} stands more than once in the query`);
    found.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
  }
  if (found.has("Signature") && found.has("AWSAccessKeyId")) throw otherAlgorithm("AWS");
  return found.has("X-Amz-Algorithm") || found.has("X-Amz-Signature") || found.has("X-Amz-Credential")
    ? found
    : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw malformedQuery("the query is not well-formed");
  }
}

function inQuery(query: ReadonlyMap<string, string>): PresentedSignature {
  const field = (name: string) => {
    const value = query.get(name);
    if (value === undefined || value === "") {
      throw malformedQuery(
        "Query-string authentication requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders and X-Amz-Expires parameters",
      );
    }
    return value;
  };
  const algorithm = field("X-Amz-Algorithm");
  if (algorithm !== ALGORITHM) throw otherAlgorithm(algorithm);
  const credential = parseCredential(field("X-Amz-Credential"));
  if (credential === undefined) {
    throw malformedQuery(
      "Error parsing X-Amz-Credential; it must be ACCESS_KEY/YYYYMMDD/REGION/s3/aws4_request",
    );
  }
  const amzDate = field("X-Amz-Date");
  const signedMs = parseAmzDate(amzDate);
  if (signedMs === undefined) throw malformedQuery("X-Amz-Date must be in the form YYYYMMDDTHHMMSSZ");
  return {
    kind: "presigned",
    credential,
    signedHeaders: headerNames(field("X-Amz-SignedHeaders"), "AuthorizationQueryParametersError"),
    signature: signatureOf(field("X-Amz-Signature"), "AuthorizationQueryParametersError"),
    amzDate,
    signedMs,
    expiresSeconds: expiresOf(field("X-Amz-Expires")),
    payloadWord: query.get("X-Amz-Content-Sha256"),
  };
}

function expiresOf(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw malformedQuery("X-Amz-Expires should be a number");
  const seconds = Number(text);
  if (seconds < 1) throw malformedQuery("X-Amz-Expires must be at least 1 second");
  if (seconds > EXPIRES_SECONDS_MAX) {
    throw malformedQuery(`X-Amz-Expires must be at most a week, which is ${EXPIRES_SECONDS_MAX} seconds`);
  }
  return seconds;
}

function headerNames(text: string, code: S3Code): readonly string[] {
  const names = text.split(";");
  const isOrdered = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
  if (!isOrdered || names.length > SIGNED_HEADERS_MAX || !/^[a-z0-9!#$%&'*+\-.^_`|~;]+$/.test(text)) {
    throw new S3Error(code, "SignedHeaders must be lower-case names in ascending order, parted by ;");
  }
  return names;
}

function signatureOf(text: string, code: S3Code): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new S3Error(code, "The Signature must be 64 lower-case hexadecimal digits");
}

function otherAlgorithm(algorithm: string): S3Error {
  if (algorithm === "AWS") {
    return new S3Error(
      "InvalidRequest",
      `Signature Version 2 is not supported. Please use ${ALGORITHM} (Signature Version 4).`,
    );
  }
  if (algorithm === "AWS4-ECDSA-P256-SHA256") {
    return new S3Error("NotImplemented", `${algorithm} is not implemented: sign with ${ALGORITHM}`);
  }
  return new S3Error("InvalidArgument", `Unsupported authorization type. Please use ${ALGORITHM}.`, {
    elements: { ArgumentName: "Authorization", ArgumentValue: algorithm.slice(0, 40) },
  });
}

function malformedHeader(message: string): S3Error {
  return new S3Error("AuthorizationHeaderMalformed", `The authorization header is malformed; ${message}`);
}

function malformedQuery(message: string): S3Error {
  return new S3Error("AuthorizationQueryParametersError", message);
}
