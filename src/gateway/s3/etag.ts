/**
 * ETags: the MD5 that clients expect, `md5-N` for content that came in N parts. Content without MD5 (efscli, a link) gets a stable text with
 * `-` in it, so that no client takes it for an MD5.
 */
import { createHash } from "node:crypto";
import { toHex } from "../../base/bytes.ts";
import { rootKey } from "../../model/reference.ts";
import type { Version } from "../../model/version.ts";

const MD5_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e";

/** Without quotes. */
export function etagOf(version: Pick<Version, "digest" | "content">): string {
  const { digest, content } = version;
  if (digest?.md5 !== undefined) {
    const md5 = toHex(digest.md5);
    return digest.parts.length === 0 ? md5 : `${md5}-${digest.parts.length}`;
  }
  if (content.kind === "none") return MD5_OF_NOTHING;
  return `${createHash("md5").update(rootKey(content)).digest("hex")}-0`;
}

/** As headers and listings show it. */
export function quotedEtag(version: Pick<Version, "digest" | "content">): string {
  return `"${etagOf(version)}"`;
}

/**
 * The ETags of a list as `If-Match` has it, without quotes and weakness marks; `*` stands alone. Clients leave out the quotes, and
 * that is taken as well.
 */
export function parseEtagList(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => {
      const bare = item.trim().replace(/^W\//, "");
      return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
    })
    .filter((item) => item.length > 0);
}
