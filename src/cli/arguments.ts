/** Readers of path arguments: they check the shape and hand the text on as it was typed. */
import {
  formatBucketPath,
  parseBucketPath,
  parseClusterName,
  parseObjectPath,
  parseServedPath,
  parseServiceName,
  parseTenantPath,
} from "../model/names.ts";
import { parseUserName } from "../model/user.ts";

type Reader = (text: string) => string;

const checked =
  (parse: (text: string) => unknown): Reader =>
  (text) => {
    parse(text);
    return text;
  };

export const clusterArgument = checked(parseClusterName);
export const tenantArgument = checked(parseTenantPath);
export const bucketArgument = checked(parseBucketPath);
export const objectArgument = checked(parseObjectPath);
export const userArgument = checked(parseUserName);
export const serviceArgument = checked(parseServiceName);
/** A path to serve; options after a comma are the server's to judge. */
export const servedArgument: Reader = (text) => {
  parseServedPath(text.split(",", 1)[0] ?? "");
  return text;
};

export interface SplitObject {
  readonly bucket: string;
  readonly name: string;
}

/** `c/t/b/NAME` as bucket path and object name. @throws BAD_NAME */
export function splitObject(path: string): SplitObject {
  const parsed = parseObjectPath(path);
  return { bucket: formatBucketPath(parsed), name: parsed.object };
}

/** `c/t/b` or `c/t/b/PREFIX`, where everything below PREFIX is meant: the prefix ends in `/` unless it is empty. @throws BAD_NAME */
export function splitTree(path: string): { readonly bucket: string; readonly prefix: string } {
  const third = path.split("/", 3).join("/").length;
  const bucket = formatBucketPath(parseBucketPath(path.slice(0, third)));
  const prefix = path.slice(third + 1);
  return { bucket, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
}
