/**
 * The arithmetic of AWS Signature Version 4: scopes, signing keys, strings to sign. Pure; who signs what is verifier.ts, chunks of a
 * body are aws-chunked.ts, forms are post-policy.ts. Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const SERVICE = "s3";
const TERMINATOR = "aws4_request";
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const KEYS_MAX = 4096;

/** What stands in `Credential=`: who signs, and for which day, region and service. */
export interface Credential {
  readonly accessKey: string;
  /** `20130524`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** `20130524/us-east-1/s3/aws4_request`. */
  readonly scope: string;
}

/** The credential of `key/day/region/service/aws4_request`; undefined for anything else. */
export function parseCredential(text: string): Credential | undefined {
  const parts = text.split("/");
  const [accessKey = "", day = "", region = "", service = "", terminator] = parts;
  if (parts.length !== 5 || accessKey === "" || region === "" || terminator !== TERMINATOR) return undefined;
  if (!/^\d{8}$/.test(day)) return undefined;
  return { accessKey, day, region, service, scope: `${day}/${region}/${service}/${TERMINATOR}` };
}

/** Milliseconds of `20130524T000000Z`; undefined for anything else. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `20130524T000000Z` of a moment. */
export function amzDate(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** Lower-case hexadecimal. Text is hashed as the bytes that Node's HTTP parser read: one a character. */
export function sha256Hex(data: string | Uint8Array): string {
  const hash = createHash("sha256");
  return (typeof data === "string" ? hash.update(data, "latin1") : hash.update(data)).digest("hex");
}

export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text, "latin1").digest("hex");
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left, "latin1"), Buffer.from(right, "latin1")];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Signing keys by secret, day and region: derived once, the oldest forgotten above a limit. */
export class SigningKeys {
  readonly #keys = new Map<string, { readonly secretKey: string; readonly key: Uint8Array }>();

  of(secretKey: string, credential: Credential): Uint8Array {
    const name = `${credential.accessKey}/${credential.scope}`;
    const known = this.#keys.get(name);
    if (known !== undefined && known.secretKey === secretKey) return known.key;
    const key = deriveKey(secretKey, credential);
    if (this.#keys.size >= KEYS_MAX) {
      for (const oldest of this.#keys.keys()) {
        this.#keys.delete(oldest);
        break;
      }
    }
    this.#keys.set(name, { secretKey, key });
    return key;
  }
}

function deriveKey(secretKey: string, credential: Credential): Uint8Array {
  let key: Uint8Array = Buffer.from(`AWS4${secretKey}`, "utf8");
  for (const step of [credential.day, credential.region, credential.service, TERMINATOR]) {
    key = createHmac("sha256", key).update(step, "latin1").digest();
  }
  return key;
}
