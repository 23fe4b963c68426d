import { concat } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Write } from "../../engine/meta-store.ts";
import { SMALL_CONTENT_BYTES_MAX } from "../../model/limits.ts";
import type { Chunking } from "../../model/namespace.ts";
import type { ContentRoot } from "../../model/reference.ts";
import type { Core } from "../core/core.ts";
import { bodyPieces } from "./body.ts";
import { smallContentOf } from "./small-content.ts";

export interface StoredContent {
  readonly root: ContentRoot;
  readonly sizeBytes: number;
  readonly write: Write | undefined;
}
export interface StoreOptions {
  readonly chunking: Chunking;
  readonly sizeBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
export async function storeContent(
  _core: Core,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: StoreOptions,
): Promise<StoredContent> {
  const parts: Uint8Array[] = [];
  if (body instanceof Uint8Array) parts.push(body);
  else for await (const piece of bodyPieces(body, options)) parts.push(piece);
  const bytes = concat(parts);
  if (bytes.length <= SMALL_CONTENT_BYTES_MAX) return { ...smallContentOf(bytes), sizeBytes: bytes.length };
  throw new EfsError("UNSUPPORTED", "content above 1 KiB comes with the chunk pipeline");
}
