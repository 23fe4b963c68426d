/** Cross-origin requests: which rule of a bucket fits, and the headers that tell a browser so. Source: "Cross-origin resource sharing" of S3; Fetch §3.2. */
import type { CorsRule } from "../bucket-config.ts";
import { globMatches, parseGlob } from "./glob.ts";

export interface CorsRequest {
  /** The header Origin. */
  readonly origin: string;
  /** Of the request itself, or what a preflight asks for (`Access-Control-Request-Method`). */
  readonly method: string;
  /** Names that a preflight asks for (`Access-Control-Request-Headers`), any case. */
  readonly headers: readonly string[];
}

/** Headers of the answer, for a preflight or an actual request; undefined: no rule fits. */
export function corsHeaders(
  rules: readonly CorsRule[],
  request: CorsRequest,
): Readonly<Record<string, string>> | undefined {
  const rule = rules.find((one) => isFitting(one, request));
  if (rule === undefined) return undefined;
  // Only a bare star is told as a star; else the origin itself, and caches must keep answers apart.
  const isOpen = rule.allowedOrigins.includes("*");
  const headers: Record<string, string> = {
    "Access-Control-Allow-Origin": isOpen ? "*" : request.origin,
    "Access-Control-Allow-Methods": rule.allowedMethods.join(", "),
    Vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
  if (!isOpen) headers["Access-Control-Allow-Credentials"] = "true";
  if (request.headers.length > 0)
    headers["Access-Control-Allow-Headers"] = request.headers.join(", ").toLowerCase();
  if (rule.exposeHeaders.length > 0) headers["Access-Control-Expose-Headers"] = rule.exposeHeaders.join(", ");
  if (rule.maxAgeSeconds !== undefined) headers["Access-Control-Max-Age"] = String(rule.maxAgeSeconds);
  return headers;
}

/** Names of `Access-Control-Request-Headers`. */
export function requestedHeaders(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function isFitting(rule: CorsRule, { origin, method, headers }: CorsRequest): boolean {
  return (
    rule.allowedMethods.includes(method) &&
    rule.allowedOrigins.some((pattern) => isLike(pattern, origin)) &&
    headers.every((name) =>
      rule.allowedHeaders.some((pattern) => isLike(pattern.toLowerCase(), name.toLowerCase())),
    )
  );
}

/** Only the star stands for others. */
function isLike(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const glob = parseGlob(pattern.replaceAll("?", "\u0000"), { hasWildcards: true, hasVariables: false });
  return glob !== undefined && globMatches(glob, text.replaceAll("?", "\u0000"));
}
