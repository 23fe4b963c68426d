/** Who makes a request, once its signature has been checked. */
export type Identity =
  | { readonly kind: "anonymous" }
  | {
      readonly kind: "user";
      /** The access key's user; owner of all buckets of its tenant when `isAdmin`. */
      readonly user: string;
      readonly isAdmin: boolean;
      readonly accessKey: string;
    };

/** ARN of a user as policies name it; AWS's form with the tenant's path as account. */
export function userArn(tenant: string, user: string): string {
  return `arn:aws:iam::${tenant.replace("/", ":")}:user/${user}`;
}
