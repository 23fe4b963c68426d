/** What the multipart actions share: which part of which upload a request is for, and who began an upload. */

import { formatTenantPath } from "../../model/names.ts";
import type { Upload } from "../../segment/uploads.ts";
import { PART_NUMBER_MAX } from "../../segment/uploads.ts";
import { userArn } from "./access/identity.ts";
import type { ActionContext, S3Request } from "./action.ts";
import { S3Error } from "./errors.ts";
import { STANDARD, STORAGE_CLASS_HEADER } from "./object-headers.ts";
import type { Owner } from "./owner.ts";

const ANONYMOUS = "anonymous";

/** An unknown id is found out by the segment. */
export function uploadIdOf({ query }: Pick<S3Request, "query">): string {
  return query.get("uploadId") ?? "";
}

/** @throws InvalidArgument */
export function partNumberOf(text: string | undefined, argument = "partNumber"): number {
  const number = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= PART_NUMBER_MAX) return number;
  throw new S3Error(
    "InvalidArgument",
    `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
    { elements: { ArgumentName: argument, ArgumentValue: (text ?? "").slice(0, 256) } },
  );
}

/** What an upload keeps of who began it. */
export function initiatorOf({ identity }: Pick<ActionContext, "identity">): string {
  return identity.kind === "user" ? identity.user : ANONYMOUS;
}

/** The `Initiator` of listings. */
export function shownInitiator({ tenant }: Pick<ActionContext, "tenant">, upload: Upload): Owner {
  const user = upload.initiator ?? ANONYMOUS;
  return { id: userArn(formatTenantPath(tenant), user), displayName: user };
}

export function uploadStorageClass(upload: Upload): string {
  return upload.headers?.[STORAGE_CLASS_HEADER] ?? STANDARD;
}
