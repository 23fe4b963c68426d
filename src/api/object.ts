/** Objects and versions as the admin API shows them. */
import type { ErrorBody } from "./wire.ts";

export interface ObjectInfo {
  readonly name: string;
  readonly versionId: string;
  readonly generation: number;
  readonly sizeBytes: number;
  readonly isDeleted: boolean;
  readonly isLatest: boolean;
  readonly modified: string;
  readonly contentType: string | null;
  /** What the content is stored as: `none`, `small`, `zeros`, `chunk` or `node`. */
  readonly contentKind: string;
  /** Hexadecimal content id; null for none and zeros. Equal ids of one kind and size are equal content. */
  readonly contentId: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectPage {
  readonly items: readonly ObjectInfo[];
  /** Rolled-up prefixes of the page (with a delimiter), in order of names. */
  readonly prefixes: readonly string[];
  readonly next: string | null;
}

export interface ObjectQuery {
  readonly prefix?: string | undefined;
  readonly after?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly limit?: number | undefined;
}

export interface PutObjectOptions {
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Sent as Content-Length when known. */
  readonly sizeBytes?: number | undefined;
  /** Fail with PRECONDITION when the object is there. */
  readonly ifAbsent?: boolean | undefined;
}

export interface GetObjectOptions {
  readonly versionId?: string | undefined;
  readonly startByte?: number | undefined;
  /** Not included. */
  readonly endByte?: number | undefined;
}

export interface ObjectBody {
  readonly info: ObjectInfo;
  readonly startByte: number;
  readonly endByte: number;
  /** Throws TRUNCATED (or the server's own error) when the stream ends early. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Many copies from one bucket to another in one request; each succeeds or fails by itself. */
export interface CopyObjects {
  /** `cluster/tenant/bucket` to copy to. */
  readonly toBucket: string;
  /** At most 1,000. */
  readonly items: ReadonlyArray<{ readonly from: string; readonly to: string }>;
}

/** What became of one copy, in the order of the items. */
export type CopyOutcome = { readonly sizeBytes: number } | { readonly error: ErrorBody };

export interface CopyObject {
  /** `cluster/tenant/bucket/object`. */
  readonly from: string;
  readonly to: string;
  readonly fromVersionId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}
