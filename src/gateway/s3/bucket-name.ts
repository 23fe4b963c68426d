/**
 * Names that a bucket may be made under, by AWS's rules for general purpose buckets: what is made here has a name that works as part of a host, too.
 * Buckets that came otherwise are addressed by whatever name they have.
 */
import { S3Error } from "./errors.ts";

const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** @throws InvalidBucketName */
export function requireNewBucketName(name: string): void {
  const isShaped = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..");
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
  const isReserved =
    RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) ||
    RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix));
  if (isShaped && !isAddress && !isReserved) return;
  throw new S3Error("InvalidBucketName", "The specified bucket is not valid.", {
    elements: { BucketName: name.slice(0, 256) },
  });
}
