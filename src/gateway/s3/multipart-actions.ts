/** The actions of multipart uploads. */
import type { Action } from "./action.ts";
import { abortMultipartUpload } from "./operations/abort-multipart-upload.ts";
import { completeMultipartUpload } from "./operations/complete-multipart-upload.ts";
import { createMultipartUpload } from "./operations/create-multipart-upload.ts";
import { listMultipartUploads } from "./operations/list-multipart-uploads.ts";
import { listParts } from "./operations/list-parts.ts";
import { uploadPart } from "./operations/upload-part.ts";
import { uploadPartCopy } from "./operations/upload-part-copy.ts";

export const MULTIPART_ACTIONS: readonly Action[] = [
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
];
