/** S3 actions run without a server: a segment on memory, a bucket, and requests made by hand. What an action throws is given as its answer. */
import { createHash } from "node:crypto";
import { crc32 as crc32Of } from "node:zlib";
import { crc32c } from "../../src/base/crc.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Identity } from "../../src/gateway/s3/access/identity.ts";
import type {
  Action,
  ActionContext,
  RequestBody,
  S3Request,
  S3Response,
} from "../../src/gateway/s3/action.ts";
import { S3Error } from "../../src/gateway/s3/errors.ts";
import { toS3Error } from "../../src/gateway/s3/wire/error-answer.ts";
import { parseBucketName, parseObjectName, parseTenantPath } from "../../src/model/names.ts";
import type { BucketOptions } from "../../src/model/namespace.ts";
import type { Checksum, ContentDigest } from "../../src/model/version.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { TestClock, testSegment } from "../segment/support.ts";

export const TENANT = parseTenantPath("Hawaii/Cola");
export const BUCKET_NAME = "bk1";
const BASE_URL = "http://s3.test:9982";

export interface AskOptions {
  /** BUCKET_NAME when undefined; null: the service itself. */
  readonly bucket?: string | null | undefined;
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** In any case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** The body comes as a stream of pieces of this length. */
  readonly pieceBytes?: number | undefined;
  readonly identity?: Identity | undefined;
}

export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** AWS's code when an error was thrown. */
  readonly code: string | undefined;
  /** Undefined where the action gave none: its body is whole then. */
  readonly sizeBytes: number | undefined;
}

export interface S3Site {
  readonly segment: Segment;
  readonly clock: TestClock;
  /** Every permission that was asked for by actions, as `s3:GetObject bk1/key`. */
  readonly asked: string[];
  /** Permissions that are refused, in the form of `asked` or only the permission. */
  readonly denied: Set<string>;
  /** Runs an action. What would be InternalError is thrown. */
  ask(action: Action, options?: AskOptions): Promise<Answer>;
}

export const ADMIN: Identity = { kind: "user", user: "admin", isAdmin: true, accessKey: "AKADMIN" };
export const USER: Identity = { kind: "user", user: "amy", isAdmin: false, accessKey: "AKAMY" };
export const ANONYMOUS: Identity = { kind: "anonymous" };

export interface SiteOptions {
  readonly bucketOptions?: Partial<BucketOptions> | undefined;
  readonly listMax?: number | undefined;
  readonly segment?: Segment | undefined;
  /** Over the context that actions are given. */
  readonly context?: Partial<ActionContext> | undefined;
}

/** A segment on memory with the bucket `bk1`. */
export async function s3Site(options: SiteOptions = {}): Promise<S3Site> {
  const clock = new TestClock();
  const segment = options.segment ?? (await testSegment({ clock }));
  const bucket = { ...TENANT, bucket: parseBucketName(BUCKET_NAME) };
  await segment.namespace.ensureBucket(bucket, options.bucketOptions ?? {});
  const asked: string[] = [];
  const denied = new Set<string>();
  const ask = async (action: Action, given: AskOptions = {}): Promise<Answer> => {
    const request = fakeRequest(action, given);
    const isAllowed: ActionContext["isAllowed"] = async (permission, resource) => {
      const text = `${permission} ${resource.bucket}${resource.key === undefined ? "" : `/${resource.key}`}`;
      asked.push(text);
      return !denied.has(permission) && !denied.has(text);
    };
    const context: ActionContext = {
      segment,
      clock,
      log: silentLog,
      tenant: TENANT,
      identity: given.identity ?? ADMIN,
      region: "us-east-1",
      isRegionFixed: true,
      listMax: options.listMax ?? 1000,
      versionsKept: 1,
      isAllowed,
      as: (identity) => ({ ...context, identity }),
      authorise: async (permission, resource) => {
        if (!(await isAllowed(permission, resource))) throw new S3Error("AccessDenied");
      },
      ...options.context,
    };
    try {
      return await answerOf(await run(action, context, request));
    } catch (thrown) {
      const error = toS3Error(thrown);
      // A bug, and what no client should meet here.
      if (error.status >= 500 && !(thrown instanceof S3Error)) throw thrown;
      const headers = lowerCased(error.headers);
      const text = [error.code, error.message, ...Object.entries(error.elements).flat()].join(" ");
      return {
        status: error.status,
        headers,
        bytes: new Uint8Array(),
        text,
        code: error.code,
        sizeBytes: 0,
      };
    }
  };
  return { segment, clock, asked, denied, ask };
}

/** The texts of the elements of a name, in order; references of XML are resolved. */
export function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?(?:/>|>([\\s\\S]*?)</${name}>)`, "g"))].map(
    (match) =>
      (match[1] ?? "")
        .replace(/&#x([0-9a-fA-F]+);/g, (_, digits: string) =>
          String.fromCodePoint(Number.parseInt(digits, 16)),
        )
        .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&apos;", "'")
        .replaceAll("&amp;", "&"),
  );
}

/** The text of the only element of a name; undefined when there is none. */
export function element(xml: string, name: string): string | undefined {
  return elements(xml, name)[0];
}

async function run(action: Action, context: ActionContext, request: S3Request): Promise<S3Response> {
  if (action.target === "service") return action.run(context, request);
  const bucket = { ...TENANT, bucket: parseBucketName(request.bucket ?? "") };
  if (action.target === "bucket") return action.run({ ...context, bucket }, request);
  return action.run(
    { ...context, object: { ...bucket, object: parseObjectName(request.key ?? "") } },
    request,
  );
}

async function answerOf(response: S3Response): Promise<Answer> {
  const bytes = await bytesOfBody(response.body);
  return {
    status: response.status,
    headers: lowerCased(response.headers ?? {}),
    bytes,
    text: Buffer.from(bytes).toString(),
    code: undefined,
    sizeBytes: response.sizeBytes,
  };
}

async function bytesOfBody(body: S3Response["body"]): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array();
  if (typeof body === "string") return new Uint8Array(Buffer.from(body));
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

function lowerCased(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) out[name.toLowerCase()] = value;
  }
  return out;
}

function fakeRequest(action: Action, options: AskOptions): S3Request {
  const headers = new Map(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const bytes = new Uint8Array(Buffer.from(options.body ?? new Uint8Array()));
  return {
    method: action.match.method,
    bucket: options.bucket === null ? undefined : (options.bucket ?? BUCKET_NAME),
    key: options.key,
    query: new Map(Object.entries(options.query ?? {})),
    headers,
    body: fakeBody(bytes, headers, options.pieceBytes),
    id: "REQUEST1",
    isSecure: false,
    baseUrl: BASE_URL,
    remoteAddress: "127.0.0.1",
    signal: new AbortController().signal,
  };
}

function fakeBody(
  bytes: Uint8Array,
  headers: ReadonlyMap<string, string>,
  pieceBytes: number | undefined,
): RequestBody {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const step = pieceBytes ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  return {
    sizeBytes: bytes.length,
    stream: pieces,
    whole: async (bytesMax) => {
      if (bytes.length > bytesMax) throw new S3Error("MaxMessageLengthExceeded");
      return bytes;
    },
    measured: async () => ({
      sizeBytes: bytes.length,
      content: pieceBytes === undefined ? bytes : pieces(),
      digest: () => digestOf(bytes, headers),
    }),
  };
}

/** What the content's MD5 and the checksum in the headers come to. */
function digestOf(bytes: Uint8Array, headers: ReadonlyMap<string, string>): ContentDigest {
  const md5 = createHash("md5").update(bytes).digest();
  const said = headers.get("content-md5");
  if (said !== undefined && said !== md5.toString("base64")) throw new S3Error("BadDigest");
  return { md5: new Uint8Array(md5), checksum: checksumOf(bytes, headers), parts: [] };
}

function checksumOf(bytes: Uint8Array, headers: ReadonlyMap<string, string>): Checksum | undefined {
  for (const algorithm of ["crc32", "crc32c", "sha1", "sha256"] as const) {
    const said = headers.get(`x-amz-checksum-${algorithm}`);
    if (said === undefined) continue;
    const value = new Uint8Array(checksumValue(algorithm, bytes));
    if (Buffer.from(value).toString("base64") !== said) throw new S3Error("BadDigest");
    return { algorithm, kind: "full", value };
  }
  return undefined;
}

function checksumValue(algorithm: "crc32" | "crc32c" | "sha1" | "sha256", bytes: Uint8Array): Buffer {
  if (algorithm === "sha1" || algorithm === "sha256") return createHash(algorithm).update(bytes).digest();
  const out = Buffer.alloc(4);
  out.writeUInt32BE(algorithm === "crc32" ? crc32Of(bytes) : crc32c(bytes));
  return out;
}
