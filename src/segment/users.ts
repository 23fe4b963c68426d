/**
 * Users of a tenant and their access keys. A secret is shown once, when it is made; at rest it is encrypted under the segment key,
 * which is no record. Access keys are unique over the segment. Users do not cross a link.
 */
import type { TenantPath } from "../model/names.ts";
import type { Listing, ListOptions } from "./namespace.ts";

export interface CreateUser {
  readonly isAdmin?: boolean | undefined;
  /** Hashed with scrypt; undefined: the user has none. */
  readonly password?: string | undefined;
  /** undefined: made at random (20 characters). 3 to 128 of A-Z a-z 0-9 - _. */
  readonly accessKey?: string | undefined;
  /** undefined: made at random (40 characters). 16 to 128 printable ASCII characters. */
  readonly secretKey?: string | undefined;
}

export interface AccessKeySummary {
  readonly accessKey: string;
  readonly createdMs: number;
}

export interface UserSummary {
  readonly name: string;
  readonly isAdmin: boolean;
  readonly isEnabled: boolean;
  readonly hasPassword: boolean;
  readonly createdMs: number;
  /** The newest first; two while a key is being rotated. */
  readonly keys: readonly AccessKeySummary[];
}

export interface NewAccessKey {
  readonly accessKey: string;
  /** Never stored in plain, never shown again. */
  readonly secretKey: string;
}

/** Who signs with an access key. */
export interface KeyOwner {
  readonly tenant: TenantPath;
  readonly user: string;
  readonly isAdmin: boolean;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface UserStore {
  /** @throws TENANT_NOT_FOUND, USER_EXISTS, ACCESS_KEY_EXISTS, BAD_NAME, BAD_VALUE */
  create(tenant: TenantPath, name: string, options?: CreateUser): Promise<NewAccessKey>;
  /** @throws TENANT_NOT_FOUND */
  list(tenant: TenantPath, options?: ListOptions): Promise<Listing<UserSummary>>;
  /** @throws TENANT_NOT_FOUND, USER_NOT_FOUND */
  show(tenant: TenantPath, name: string): Promise<UserSummary>;
  /** @throws TENANT_NOT_FOUND, USER_NOT_FOUND */
  delete(tenant: TenantPath, name: string): Promise<void>;
  /**
   * A further key; the one before stays valid until the next rotation or `finishRotation`, older ones end at once.
   * @throws TENANT_NOT_FOUND, USER_NOT_FOUND, ACCESS_KEY_EXISTS
   */
  rotate(
    tenant: TenantPath,
    name: string,
    key?: Pick<CreateUser, "accessKey" | "secretKey">,
  ): Promise<NewAccessKey>;
  /** Ends all keys but the newest. @throws TENANT_NOT_FOUND, USER_NOT_FOUND */
  finishRotation(tenant: TenantPath, name: string): Promise<UserSummary>;
  /** A user that is not enabled signs nothing. @throws TENANT_NOT_FOUND, USER_NOT_FOUND */
  setEnabled(tenant: TenantPath, name: string, isEnabled: boolean): Promise<UserSummary>;
  /** @throws TENANT_NOT_FOUND, USER_NOT_FOUND, BAD_VALUE */
  setPassword(tenant: TenantPath, name: string, password: string): Promise<void>;
  /** Constant time. @throws TENANT_NOT_FOUND, USER_NOT_FOUND */
  verifyPassword(tenant: TenantPath, name: string, password: string): Promise<boolean>;
  /** The owner of a valid key of an enabled user, or undefined. Fast: kept in memory. */
  findKey(accessKey: string): Promise<KeyOwner | undefined>;
}
