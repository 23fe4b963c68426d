/** A version's checksum as XML elements: `ChecksumSHA256` and `ChecksumType`. */
import type { ContentDigest } from "../../model/version.ts";
import { CHECKSUM_WORDS, checksumText, checksumTypeOf } from "./checksum-headers.ts";
import type { XmlChildren } from "./wire/xml.ts";

/** None when the content has no checksum. */
export function checksumElements(digest: ContentDigest | undefined): XmlChildren {
  if (digest?.checksum === undefined) return {};
  const { checksum, parts } = digest;
  return {
    [`Checksum${CHECKSUM_WORDS[checksum.algorithm]}`]: checksumText(checksum, parts.length),
    ChecksumType: checksumTypeOf(checksum),
  };
}
