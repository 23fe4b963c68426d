/**
 * Server-side encryption as clients see it: a property of the bucket. A write may say the one that its bucket has (`AES256`); every answer about an object of
 * an encrypted bucket tells it.
 */
import { EfsError } from "../../base/errors.ts";
import type { BucketPath } from "../../model/names.ts";
import type { Encryption } from "../../model/namespace.ts";
import type { Segment } from "../../segment/segment.ts";
import type { Action } from "./action.ts";
import { S3Error } from "./errors.ts";

export const ENCRYPTION_HEADER = "x-amz-server-side-encryption";
/** Encryption under keys of the segment, by AWS's name. */
export const AES256 = "AES256";

type Headers = ReadonlyMap<string, string>;
type ObjectAction = Extract<Action, { readonly target: "object" }>;

interface Site {
  readonly segment: Segment;
}

/** The same action, keeping to the encryption of the bucket. */
export function inEncryptedBucket(action: ObjectAction): ObjectAction {
  return {
    ...action,
    run: async (context, request) => {
      if (action.match.method !== "GET" && action.match.method !== "HEAD") {
        await requireEncryption(context, context.object, request.headers);
      }
      const answer = await action.run(context, request);
      const told = await encryptionHeader(context, context.object);
      return told === undefined ? answer : { ...answer, headers: { ...answer.headers, ...told } };
    },
  };
}

/** A write that asks for encryption comes to no bucket that has none. @throws InvalidRequest, BUCKET_NOT_FOUND */
export async function requireEncryption(
  { segment }: Site,
  bucket: BucketPath,
  headers: Headers,
): Promise<void> {
  if (headers.get(ENCRYPTION_HEADER) !== AES256) return;
  if ((await segment.namespace.encryptionOf(bucket)) === "aes256") return;
  throw new S3Error(
    "InvalidRequest",
    "The bucket is not encrypted: enable encryption of the bucket (PutBucketEncryption) while it is empty",
    { elements: { Header: ENCRYPTION_HEADER } },
  );
}

/** What an answer about an object of the bucket tells of it; undefined: nothing. */
export async function encryptionHeader(
  { segment }: Site,
  bucket: BucketPath,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const encryption = await segment.namespace.encryptionOf(bucket);
    return encryption === "none" ? undefined : { [ENCRYPTION_HEADER]: AES256 };
  } catch (thrown) {
    // It went while the answer was made; that stands.
    if (thrown instanceof EfsError && thrown.code === "BUCKET_NOT_FOUND") return undefined;
    throw thrown;
  }
}

/** Nothing happens when it is so already. @throws InvalidBucketState, BUCKET_NOT_FOUND, UNAVAILABLE */
export async function changeEncryption(
  { segment }: Site,
  bucket: BucketPath,
  encryption: Encryption,
): Promise<void> {
  if ((await segment.namespace.encryptionOf(bucket)) === encryption) return;
  try {
    await segment.namespace.updateBucket(bucket, { encryption });
  } catch (thrown) {
    if (!(thrown instanceof EfsError && thrown.kind === "conflict")) throw thrown;
    throw new S3Error(
      "InvalidBucketState",
      `Encryption changes only while the bucket is empty, without notifications, and served by no link: ${thrown.message}`,
      { cause: thrown },
    );
  }
}
