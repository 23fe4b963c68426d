/** The Uploads of a segment, put together from its parts. */
import { KeyedMutex } from "../../base/limiter.ts";
import type { Core } from "../core/core.ts";
import type { Uploads } from "../uploads.ts";
import { completeUpload } from "./complete-upload.ts";
import { copyPart } from "./copy-part.ts";
import { openUpload } from "./find-upload.ts";
import { listParts, listUploads } from "./list-uploads.ts";
import { putPart } from "./put-part.ts";
import { Sweeper } from "./sweeper.ts";
import { abortUpload, createUpload, expireUploads, type UploadContext } from "./upload-store.ts";

export interface OpenedUploads {
  readonly uploads: Uploads;
  /** To be awaited when no call is under way any more. */
  close(): Promise<void>;
}

/** Queues what a crash left to be removed. */
export async function openUploads(core: Core): Promise<OpenedUploads> {
  const { inFlight } = core;
  const sweeper = new Sweeper(core);
  await sweeper.recover();
  const context: UploadContext = { core, sweeper, endings: new KeyedMutex() };
  const uploads: Uploads = {
    create: (path, options) => inFlight.run(() => createUpload(core, path, options)),
    show: (path, id) => inFlight.run(async () => (await openUpload(core, path, id)).upload),
    putPart: (path, id, number, body, options) =>
      inFlight.run(() => putPart(core, path, id, { number, body, options })),
    copyPart: (path, id, number, from) => inFlight.run(() => copyPart(core, path, id, { number, from })),
    complete: (path, id, parts, options) =>
      inFlight.run(() => completeUpload(context, path, id, { parts, options })),
    abort: (path, id) => inFlight.run(() => abortUpload(context, path, id)),
    listParts: (path, id, options) => inFlight.run(() => listParts(core, path, id, options)),
    list: (bucket, options) => inFlight.run(() => listUploads(core, bucket, options)),
    expire: (bucket, prefix, beforeMs) =>
      inFlight.run(() => expireUploads(context, bucket, prefix, beforeMs)),
  };
  return { uploads, close: () => sweeper.close() };
}
