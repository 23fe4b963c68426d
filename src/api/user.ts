/** Users as the admin API shows them. Secrets stand in the answers of creating and rotating, and nowhere else. */

export interface AccessKeyInfo {
  readonly accessKey: string;
  readonly created: string;
}

export interface UserInfo {
  readonly name: string;
  readonly isAdmin: boolean;
  readonly isEnabled: boolean;
  readonly hasPassword: boolean;
  readonly created: string;
  /** The newest first; two while a key is being rotated. */
  readonly keys: readonly AccessKeyInfo[];
}

/** A user and the key that was just made for it; the secret is never shown again. */
export interface UserWithSecret extends UserInfo {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A key from elsewhere; without both, one is made. */
export interface GivenKey {
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
}

export interface CreateUser extends GivenKey {
  readonly name: string;
  readonly isAdmin?: boolean | undefined;
  readonly password?: string | undefined;
}
