/**
 * Who uploads by a form, and whether its policy document allows what the form says: signature, expiry and conditions, every field covered.
 * Source: "Authenticating requests: browser-based uploads using POST" and "Creating a POST policy" of the S3 API reference.
 */
import { fromUtf8 } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Identity } from "../access/identity.ts";
import { S3Error } from "../errors.ts";
import {
  ALGORITHM,
  hmacHex,
  isSameText,
  parseAmzDate,
  parseCredential,
  SERVICE,
  SigningKeys,
} from "./sigv4.ts";
import { CLOCK_WINDOW_MS, type FindKey } from "./verifier.ts";

const SIGNATURE_AGE_MS_MAX = 7 * 24 * 3600 * 1000;
const CONDITIONS_MAX = 200;

export interface PostPolicyOptions {
  readonly clock: Clock;
  readonly findKey: FindKey;
  /** undefined: any. */
  readonly region: string | undefined;
  /** That the form is sent to; a condition must cover it. */
  readonly bucket: string;
}

export interface VerifiedForm {
  readonly identity: Identity;
  /** Of `content-length-range`; undefined: any length. */
  readonly lengthRange: { readonly bytesMin: number; readonly bytesMax: number } | undefined;
}

const keys = new SigningKeys();

/**
 * @param fields by lower-case name (form-data.ts)
 * @throws AccessDenied, InvalidAccessKeyId, InvalidArgument, InvalidPolicyDocument, InvalidRequest, SignatureDoesNotMatch
 */
export async function verifyForm(
  fields: ReadonlyMap<string, string>,
  options: PostPolicyOptions,
): Promise<VerifiedForm> {
  const policy = fields.get("policy");
  if (fields.has("awsaccesskeyid") || fields.has("signature")) {
    throw new S3Error(
      "InvalidRequest",
      `Signature Version 2 is not supported. Please use ${ALGORITHM} (Signature Version 4).`,
    );
  }
  if (policy === undefined) {
    const name = ["x-amz-signature", "x-amz-credential"].find((field) => fields.has(field));
    if (name === undefined) return { identity: { kind: "anonymous" }, lengthRange: undefined };
    throw new S3Error(
      "InvalidArgument",
      "Bucket POST must contain a field named 'policy' when it is signed",
      {
        elements: { ArgumentName: "policy" },
      },
    );
  }
  const identity = await signerOf(fields, policy, options);
  const lengthRange = checkPolicy(
    policy,
    new Map(fields).set("bucket", options.bucket),
    options.clock.wallMs(),
  );
  return { identity, lengthRange };
}

async function signerOf(
  fields: ReadonlyMap<string, string>,
  policy: string,
  { clock, findKey, region }: PostPolicyOptions,
): Promise<Identity> {
  const field = (name: string) => {
    const value = fields.get(name);
    if (value !== undefined && value !== "") return value;
    throw new S3Error(
      "InvalidArgument",
      `Bucket POST must contain a field named '${name}'. If it is specified, please check the order of the fields.`,
      {
        elements: { ArgumentName: name },
      },
    );
  };
  if (field("x-amz-algorithm") !== ALGORITHM) {
    throw new S3Error("InvalidArgument", `x-amz-algorithm must be ${ALGORITHM}`, {
      elements: { ArgumentName: "x-amz-algorithm" },
    });
  }
  const credential = parseCredential(field("x-amz-credential"));
  const amzDate = field("x-amz-date");
  const signedMs = parseAmzDate(amzDate);
  if (
    credential === undefined ||
    credential.service !== SERVICE ||
    signedMs === undefined ||
    credential.day !== amzDate.slice(0, 8)
  ) {
    throw new S3Error(
      "InvalidArgument",
      "x-amz-credential must be ACCESS_KEY/YYYYMMDD/REGION/s3/aws4_request, with the day of x-amz-date",
      {
        elements: { ArgumentName: "x-amz-credential" },
      },
    );
  }
  if (region !== undefined && credential.region !== region) {
    throw new S3Error(
      "InvalidArgument",
      `The region '${credential.region}' is wrong; expecting '${region}'`,
      {
        elements: { ArgumentName: "x-amz-credential", Region: region },
      },
    );
  }
  const ageMs = clock.wallMs() - signedMs;
  if (ageMs < -CLOCK_WINDOW_MS || ageMs > SIGNATURE_AGE_MS_MAX) {
    throw new S3Error(
      "AccessDenied",
      "Invalid according to Policy: x-amz-date is not within the last seven days",
    );
  }
  const signature = field("x-amz-signature");
  const owner = await findKey(credential.accessKey);
  if (owner === undefined) {
    throw new S3Error("InvalidAccessKeyId", undefined, {
      elements: { AWSAccessKeyId: credential.accessKey },
    });
  }
  if (!isSameText(hmacHex(keys.of(owner.secretKey, credential), policy), signature)) {
    throw new S3Error("SignatureDoesNotMatch", undefined, {
      elements: { AWSAccessKeyId: credential.accessKey, StringToSign: policy.slice(0, 20_000) },
    });
  }
  return { kind: "user", user: owner.user, isAdmin: owner.isAdmin, accessKey: owner.accessKey };
}

/** Fields that no condition needs to cover. */
function isFree(name: string): boolean {
  return name === "policy" || name === "x-amz-signature" || name === "file" || name.startsWith("x-ignore-");
}

function checkPolicy(
  text: string,
  fields: ReadonlyMap<string, string>,
  nowMs: number,
): VerifiedForm["lengthRange"] {
  const { expiresMs, conditions } = parsePolicy(text);
  if (nowMs >= expiresMs) throw refused("Policy expired.");
  const covered = new Set<string>();
  let lengthRange: VerifiedForm["lengthRange"];
  for (const condition of conditions) {
    if (condition.kind === "content-length-range") {
      const { bytesMin, bytesMax } = condition;
      lengthRange = {
        bytesMin: Math.max(bytesMin, lengthRange?.bytesMin ?? 0),
        bytesMax: Math.min(bytesMax, lengthRange?.bytesMax ?? bytesMax),
      };
      continue;
    }
    covered.add(condition.name);
    const value = fields.get(condition.name);
    if (value === undefined || !isMet(condition, value))
      throw refused(`Policy Condition failed: ${condition.text}`);
  }
  const extra = [...fields.keys()].find((name) => !covered.has(name) && !isFree(name));
  if (extra !== undefined) throw refused(`Extra input fields: ${extra.slice(0, 200)}`);
  return lengthRange;
}

type FormCondition =
  | {
      readonly kind: "eq" | "starts-with";
      /** Lower case. */
      readonly name: string;
      readonly value: string;
      readonly text: string;
    }
  | { readonly kind: "content-length-range"; readonly bytesMin: number; readonly bytesMax: number };

function isMet(condition: Exclude<FormCondition, { kind: "content-length-range" }>, value: string): boolean {
  if (condition.kind === "eq") return value === condition.value;
  // A content type may be a list, each of which has to begin so.
  const parts = condition.name === "content-type" ? value.split(",").map((part) => part.trim()) : [value];
  return parts.every((part) => part.startsWith(condition.value));
}

function parsePolicy(text: string): {
  readonly expiresMs: number;
  readonly conditions: readonly FormCondition[];
} {
  const json = fromUtf8(Buffer.from(text, "base64"));
  let document: unknown;
  try {
    document = JSON.parse(json ?? "");
  } catch {
    throw invalid("it is not JSON in base64");
  }
  if (typeof document !== "object" || document === null) throw invalid("it is not an object");
  const { expiration, conditions } = document as { expiration?: unknown; conditions?: unknown };
  const isDated =
    typeof expiration === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(expiration);
  const expiresMs = isDated ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresMs)) throw invalid("its expiration is not an ISO 8601 moment");
  if (!Array.isArray(conditions) || conditions.length > CONDITIONS_MAX) {
    throw invalid(`its conditions are not a list of at most ${CONDITIONS_MAX}`);
  }
  return { expiresMs, conditions: conditions.flatMap(parseCondition) };
}

function parseCondition(given: unknown): readonly FormCondition[] {
  const text = JSON.stringify(given).slice(0, 500);
  if (!Array.isArray(given)) {
    if (typeof given !== "object" || given === null) throw invalid(`the condition ${text} is not one`);
    return Object.entries(given).map(([name, value]) => {
      if (typeof value !== "string") throw invalid(`the condition ${text} must compare with a text`);
      return { kind: "eq", name: name.toLowerCase(), value, text };
    });
  }
  const [operator, first, second] = given as readonly unknown[];
  const kind = String(operator).toLowerCase();
  if (given.length !== 3) throw invalid(`the condition ${text} must have three elements`);
  if (kind === "content-length-range") {
    const [bytesMin, bytesMax] = [Number(first), Number(second)];
    if (!Number.isSafeInteger(bytesMin) || !Number.isSafeInteger(bytesMax) || bytesMin < 0) {
      throw invalid(`the condition ${text} must have two lengths`);
    }
    return [{ kind, bytesMin, bytesMax }];
  }
  if (
    (kind !== "eq" && kind !== "starts-with") ||
    typeof first !== "string" ||
    typeof second !== "string" ||
    !first.startsWith("$")
  ) {
    throw invalid(`the condition ${text} must be eq or starts-with, a field as $name, and a text`);
  }
  return [{ kind, name: first.slice(1).toLowerCase(), value: second, text }];
}

/** The file with its length checked against the policy's range. Throws EntityTooLarge, EntityTooSmall. */
export async function* limitedContent(
  content: AsyncIterable<Uint8Array>,
  range: VerifiedForm["lengthRange"],
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const piece of content) {
    sizeBytes += piece.length;
    if (range !== undefined && sizeBytes > range.bytesMax) {
      throw new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
        elements: { MaxSizeAllowed: String(range.bytesMax) },
      });
    }
    yield piece;
  }
  if (range !== undefined && sizeBytes < range.bytesMin) {
    throw new S3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
      elements: { ProposedSize: String(sizeBytes), MinSizeAllowed: String(range.bytesMin) },
    });
  }
}

function refused(message: string): S3Error {
  return new S3Error("AccessDenied", `Invalid according to Policy: ${message}`);
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidPolicyDocument", `The form's policy document is not valid: ${message}`);
}
