/** What the fields of a browser's form say of the object: the headers that they stand for, tags as a document, and what is answered in the end. */
import { utf8 } from "../../base/bytes.ts";
import type { AnnotationChange } from "../../model/annotation.ts";
import type { Version } from "../../model/version.ts";
import type { S3Response } from "./action.ts";
import { annotationsOf } from "./annotation-headers.ts";
import { S3Error } from "./errors.ts";
import { quotedEtag } from "./etag.ts";
import { urlEncoded } from "./listing.ts";
import { tagsOfDocument } from "./tagging-document.ts";
import { type ResponseHeaders, shownVersionId } from "./version-headers.ts";
import { parseXml } from "./wire/xml.ts";
import { xmlAnswer } from "./xml-answer.ts";

type Fields = ReadonlyMap<string, string>;

/** The fields by the names of the headers that they stand for. Fields are UTF-8; headers are one character a byte. */
export function headersOfForm(fields: Fields): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name === "tagging") continue;
    headers.set(name === "acl" ? "x-amz-acl" : name, Buffer.from(value, "utf8").toString("latin1"));
  }
  return headers;
}

/** @throws as annotationsOf; MalformedXML */
export async function annotationsOfForm(
  fields: Fields,
  headers: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<AnnotationChange | undefined> {
  const change = annotationsOf(headers, nowMs);
  const tagging = fields.get("tagging");
  if (tagging === undefined) return change;
  return { ...change, tags: tagsOfDocument(await parseXml(utf8(tagging), "Tagging")) };
}

/** The key of the object. @throws InvalidArgument */
export function keyOfForm(fields: Fields): string {
  const key = fields.get("key");
  if (key !== undefined && key !== "") return key;
  const message =
    key === undefined
      ? "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
      : "User key must have a length greater than 0.";
  throw new S3Error("InvalidArgument", message, { elements: { ArgumentName: "key", ArgumentValue: "" } });
}

/** By `success_action_redirect` and `success_action_status`; 204 when neither is sound. */
export function formAnswer(
  version: Version,
  fields: Fields,
  at: { readonly baseUrl: string; readonly bucket: string },
): S3Response {
  const etag = quotedEtag(version);
  const location = `${at.baseUrl}/${at.bucket}/${urlEncoded(version.object)}`;
  const headers: ResponseHeaders = {
    ETag: etag,
    Location: location,
    "x-amz-version-id": shownVersionId(version),
  };
  const redirect = redirectOf(fields.get("success_action_redirect") ?? fields.get("redirect"));
  if (redirect !== undefined) {
    for (const [name, value] of [
      ["bucket", at.bucket],
      ["key", version.object],
      ["etag", etag],
    ] as const) {
      redirect.searchParams.append(name, value);
    }
    return { status: 303, headers: { ...headers, Location: redirect.href } };
  }
  const status = fields.get("success_action_status");
  if (status !== "201") return { status: status === "200" ? 200 : 204, headers };
  const content = { Location: location, Bucket: at.bucket, Key: version.object, ETag: etag };
  return { ...xmlAnswer("PostResponse", content, headers), status: 201 };
}

/** Only to http and https; AWS overlooks what is no address. */
function redirectOf(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
}
