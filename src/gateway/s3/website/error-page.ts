/** An error as a page for people. What comes from requests is escaped. */
import { STATUS_CODES } from "node:http";
import type { S3Response } from "../action.ts";
import type { S3Error } from "../errors.ts";
import { escapeXml } from "../wire/xml.ts";

export function errorPage(error: S3Error, requestId: string): S3Response {
  const title = `${error.status} ${STATUS_CODES[error.status] ?? error.code}`;
  const facts = { Code: error.code, Message: error.message, ...error.elements, RequestId: requestId };
  const lines = Object.entries(facts).map(
    ([name, value]) => `<li>${escapeXml(name)}: ${escapeXml(value)}</li>`,
  );
  const body = [
    "<!DOCTYPE html>",
    `<html><head><meta charset="utf-8"><title>${escapeXml(title)}</title></head>`,
    `<body><h1>${escapeXml(title)}</h1><ul>${lines.join("")}</ul></body></html>`,
    "",
  ].join("\n");
  const headers = {
    ...error.headers,
    "Content-Type": "text/html; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  };
  return { status: error.status, headers, body };
}
