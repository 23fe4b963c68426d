/**
 * What an S3 action is: how a request is told to be for it, which permission it needs, and what it answers. One action, one file in
 * `operations/`, by its AWS name. The server has parsed, authenticated and authorised a request before `run`.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { BucketPath, ObjectPath, TenantPath } from "../../model/names.ts";
import type { ContentDigest } from "../../model/version.ts";
import type { Segment } from "../../segment/segment.ts";
import type { Identity } from "./access/identity.ts";

/** The body of a request, decoded from `aws-chunked` and checked against the signature as it is read. Read once. */
export interface RequestBody {
  /** Bytes of the content (`x-amz-decoded-content-length` with aws-chunked, else Content-Length); undefined: not said. */
  readonly sizeBytes: number | undefined;
  /** Throws IncompleteBody, SignatureDoesNotMatch, XAmzContentSHA256Mismatch … at the latest at its end. */
  stream(): AsyncIterable<Uint8Array>;
  /** All of it. @throws MaxMessageLengthExceeded above `bytesMax`, as `stream` */
  whole(bytesMax: number): Promise<Uint8Array>;
  /**
   * For content that becomes an object: starts MD5 and the checksum that headers or trailer announce, checks Content-MD5 and `x-amz-checksum-*` at the end.
   * `content` is whole when it is short. `digest` is called after all was read. @throws BadDigest, InvalidDigest
   */
  measured(): Promise<MeasuredBody>;
}

export interface MeasuredBody {
  readonly sizeBytes: number | undefined;
  readonly content: AsyncIterable<Uint8Array> | Uint8Array;
  /** Parts are none. @throws as `measured` */
  readonly digest: () => ContentDigest;
}

export interface S3Request {
  readonly method: string;
  /** As it was addressed, path or host style; undefined: the service itself. */
  readonly bucket: string | undefined;
  /** Decoded; undefined: the bucket itself. Never empty. */
  readonly key: string | undefined;
  /** Decoded names and values; a name without `=` has the value "". The first of names given twice. */
  readonly query: ReadonlyMap<string, string>;
  /** By lower-case name; several of a name joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: RequestBody;
  readonly id: string;
  readonly isSecure: boolean;
  /** `http://host:port` as the client addressed it, for Location. */
  readonly baseUrl: string;
  readonly remoteAddress: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface S3Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** A string is XML (or as Content-Type says). An iterable is streamed; what it throws resets the connection. Not sent for HEAD, whose headers are as GET's. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Length of a streamed body. */
  readonly sizeBytes?: number | undefined;
}

/** What an action works with. */
export interface ActionContext {
  readonly segment: Segment;
  readonly clock: Clock;
  readonly log: Log;
  readonly tenant: TenantPath;
  readonly identity: Identity;
  readonly region: string;
  /** X-Region is set: the endpoint is of this region and no other. Else `region` is what is told, and any is taken. */
  readonly isRegionFixed?: boolean | undefined;
  /** X-List-Max-Size: most items of a list page. */
  readonly listMax: number;
  /** X-Number-Of-Versions: of buckets that are made here. */
  readonly versionsKept: number;
  /** Names of the webhooks that the service has; undefined: none. */
  readonly webhooks?: ReadonlySet<string> | undefined;
  /** To be called when the notifications of a bucket changed. */
  readonly onNotificationsChanged?: ((bucket: BucketPath) => void) | undefined;
  /** For what a request needs beside its own permission (the source of a copy, bypassing governance). @throws AccessDenied */
  authorise(
    permission: string,
    resource: { readonly bucket: string; readonly key?: string | undefined },
  ): Promise<void>;
  /** The same for somebody else: who signed a form is only known when it has been read. */
  as(identity: Identity): ActionContext;
  /** As `authorise`, telling instead of throwing. */
  isAllowed(
    permission: string,
    resource: { readonly bucket: string; readonly key?: string | undefined },
  ): Promise<boolean>;
}

export interface BucketContext extends ActionContext {
  readonly bucket: BucketPath;
}

export interface ObjectContext extends ActionContext {
  readonly object: ObjectPath;
}

/** How a request is told to be for an action: of all whose conditions hold, the one with the most conditions. */
export interface ActionMatch {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "OPTIONS";
  /** Names that the query must have (`uploads`), or name=value (`list-type=2`). */
  readonly query?: readonly string[] | undefined;
  /** Headers that must be there (`x-amz-copy-source`). */
  readonly headers?: readonly string[] | undefined;
}

interface ActionFacts {
  /** AWS's name of the action: `PutObject`. */
  readonly name: string;
  readonly match: ActionMatch;
  /** `s3:PutObject`; a function where it depends on the request (`?versionId`). undefined: the action checks by itself (PostObject, OPTIONS). */
  readonly permission: string | ((request: S3Request) => string) | undefined;
}

export type Action =
  | (ActionFacts & {
      readonly target: "service";
      readonly run: (context: ActionContext, request: S3Request) => Promise<S3Response>;
    })
  | (ActionFacts & {
      readonly target: "bucket";
      readonly run: (context: BucketContext, request: S3Request) => Promise<S3Response>;
    })
  | (ActionFacts & {
      readonly target: "object";
      readonly run: (context: ObjectContext, request: S3Request) => Promise<S3Response>;
    });
