/**
 * The headers that a presigned address holds in its query. SDKs put metadata, ACL and storage class there when they presign, for whoever
 * opens the address need not know them; S3 takes them as headers, since the signature covers the query.
 */
import { S3Error } from "../errors.ts";

const PREFIX = "x-amz-";
/** The signature itself. */
const OF_SIGNATURE: ReadonlySet<string> = new Set(
  [
    "algorithm",
    "content-sha256",
    "credential",
    "date",
    "expires",
    "security-token",
    "signature",
    "signedheaders",
  ].map((name) => PREFIX + name),
);
/** Presigners write the checksum of the empty body that they had at hand: like AWS we do not hold the real one against it. */
const OF_OTHER_BODY =
  /^x-amz-(sdk-|trailer$|decoded-content-length$|checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$)/;
const NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;

/**
 * `sent` with the headers of a presigned query; `sent` itself when there are none. What was sent as a header goes before.
 * @param query decoded
 * @throws InvalidArgument (a name or a value that no header can have)
 */
export function withHoistedHeaders(
  sent: ReadonlyMap<string, string>,
  query: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (!query.has("X-Amz-Signature")) return sent;
  const hoisted = new Map<string, string>();
  for (const [given, value] of query) {
    const name = given.toLowerCase();
    if (!name.startsWith(PREFIX) || OF_SIGNATURE.has(name) || OF_OTHER_BODY.test(name)) continue;
    if (!NAME.test(name) || /\p{Cc}/u.test(value)) {
      throw new S3Error("InvalidArgument", "A header in the query is not well-formed", {
        elements: { ArgumentName: given.slice(0, 200) },
      });
    }
    // Headers are one character a byte.
    hoisted.set(name, Buffer.from(value, "utf8").toString("latin1"));
  }
  return hoisted.size === 0 ? sent : new Map([...hoisted, ...sent]);
}
