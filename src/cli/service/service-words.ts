/** Words of services on the command line. */
import { EfsError } from "../../base/errors.ts";
import { SERVICE_TYPES } from "../../model/service.ts";

/** Types that EdgeFS had and this segment does not have yet. */
const ABSENT_TYPES: ReadonlySet<string> = new Set(["nfs", "s3x", "swift", "iscsi"]);

/** @throws UNSUPPORTED for types of EdgeFS that are not there, BAD_VALUE for words that are no type */
export function parseServiceType(text: string): string {
  if (SERVICE_TYPES.some((type) => type === text)) return text;
  const hint = `types are: ${SERVICE_TYPES.join(", ")}`;
  if (ABSENT_TYPES.has(text))
    throw new EfsError("UNSUPPORTED", `${text} services are not there yet`, { hint });
  throw new EfsError("BAD_VALUE", `not a service type: ${JSON.stringify(text)}`, { hint });
}

/** @throws UNSUPPORTED for both at once, BAD_VALUE for other words */
export function parseDirection(text: string): string {
  if (text === "send" || text === "receive") return text;
  if (["both", "send+receive", "3"].includes(text)) {
    throw new EfsError("UNSUPPORTED", "both directions over one link is not there yet", {
      hint: "make two services, one that sends and one that receives",
    });
  }
  throw new EfsError("BAD_VALUE", `not a direction: ${JSON.stringify(text)}`, { hint: "send or receive" });
}

/** True for services that speak S3. */
export function isS3Type({ type }: { readonly type: string }): boolean {
  return type === "s3" || type === "s3s";
}

/** @throws BAD_VALUE */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new EfsError("BAD_VALUE", `not a port: ${JSON.stringify(text)}`, { hint: "0 to 65535" });
}
