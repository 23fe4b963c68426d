/** Users of a tenant: names, access keys, and what is kept of them. Bytes: user-record.ts. */
import { EfsError } from "../base/errors.ts";
import { escapeName, type TenantPath } from "./names.ts";

declare const userBrand: unique symbol;
export type UserName = string & { readonly [userBrand]: "user" };

export const USER_NAME_LENGTH_MAX = 64;
export const ACCESS_KEY_LENGTH_MIN = 3;
export const ACCESS_KEY_LENGTH_MAX = 128;
export const SECRET_KEY_LENGTH_MIN = 16;
export const SECRET_KEY_LENGTH_MAX = 128;
export const PASSWORD_LENGTH_MIN = 8;
export const PASSWORD_BYTES_MAX = 1024;
/** The newest, and the one before it while a rotation is under way. */
export const USER_KEYS_MAX = 2;

/** A password by scrypt (RFC 7914); cost is 2^costLog2. */
export interface PasswordHash {
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** An access key whose secret is sealed under the segment key (AES-256-GCM, the tag at the end). */
export interface SealedKey {
  readonly accessKey: string;
  readonly createdMs: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface UserRecord {
  /** 1 at first, one more with each change. */
  readonly revision: number;
  readonly isAdmin: boolean;
  readonly isEnabled: boolean;
  readonly createdMs: number;
  readonly password: PasswordHash | undefined;
  /** The newest first; at most USER_KEYS_MAX. */
  readonly keys: readonly SealedKey[];
}

/** Whose an access key is. */
export interface AccessKeyRecord {
  readonly tenant: TenantPath;
  readonly user: UserName;
}

/** 1 to 64 of `A-Z`, `a-z`, `0-9` and `+=,.@_-`, beginning with a letter or a digit: it stands in ARNs of policies. @throws BAD_NAME */
export function parseUserName(text: string): UserName {
  if (/^[A-Za-z0-9][A-Za-z0-9+=,.@_-]{0,63}$/.test(text)) return text as UserName;
  const shown = escapeName(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  throw new EfsError(
    "BAD_NAME",
    `not a user name: "${shown}": use 1 to ${USER_NAME_LENGTH_MAX} letters, digits or '+=,.@_-', beginning with a letter or digit`,
  );
}

/** @throws BAD_VALUE */
export function checkAccessKey(text: string): string {
  if (/^[A-Za-z0-9_-]{3,128}$/.test(text)) return text;
  throw new EfsError(
    "BAD_VALUE",
    `not an access key: use ${ACCESS_KEY_LENGTH_MIN} to ${ACCESS_KEY_LENGTH_MAX} letters, digits, '-' or '_'`,
  );
}

/** Its text is never told. @throws BAD_VALUE */
export function checkSecretKey(text: string): string {
  if (/^[!-~]{16,128}$/.test(text)) return text;
  throw new EfsError(
    "BAD_VALUE",
    `not a secret key: use ${SECRET_KEY_LENGTH_MIN} to ${SECRET_KEY_LENGTH_MAX} printable ASCII characters without spaces`,
  );
}
