/** ListParts: what was uploaded of an upload, by part number. */
import { toHex } from "../../../base/bytes.ts";
import type { PartListing } from "../../../segment/uploads.ts";
import type { Action } from "../action.ts";
import { isoDate, ownerElement } from "../listed-object.ts";
import { countOf, isUrlEncoded, shown } from "../listing.ts";
import { partChecksumElements, uploadChecksumElements } from "../multipart-checksum.ts";
import { shownInitiator, uploadIdOf, uploadStorageClass } from "../multipart-request.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

const PARTS_PAGE_MAX = 1000;

export const listParts: Action = {
  name: "ListParts",
  target: "object",
  match: { method: "GET", query: ["uploadId"] },
  permission: "s3:ListMultipartUploadParts",
  run: async (context, request) => {
    const { query } = request;
    const uploadId = uploadIdOf(request);
    const after = countOf(query, "part-number-marker") ?? 0;
    const limit = Math.min(countOf(query, "max-parts") ?? PARTS_PAGE_MAX, PARTS_PAGE_MAX);
    const page = await context.segment.uploads.listParts(context.object, uploadId, {
      after,
      limit: Math.max(1, limit),
    });
    const { upload } = page;
    const parts: PartListing["parts"] = limit === 0 ? [] : page.parts;
    const isTruncated = limit > 0 && page.next !== undefined;
    return xmlAnswer("ListPartsResult", {
      Bucket: context.object.bucket,
      Key: shown(context.object.object, { isUrlEncoded: isUrlEncoded(query) }),
      UploadId: uploadId,
      Initiator: ownerElement(shownInitiator(context, upload)),
      Owner: ownerElement(ownerOf(context.tenant)),
      StorageClass: uploadStorageClass(upload),
      PartNumberMarker: after,
      NextPartNumberMarker: parts.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: isTruncated,
      ...uploadChecksumElements(upload),
      Part: parts.map((part) => ({
        PartNumber: part.number,
        LastModified: isoDate(part.modifiedMs),
        ETag: `"${toHex(part.md5)}"`,
        Size: part.sizeBytes,
        ...partChecksumElements(upload, part.checksum),
      })),
    });
  },
};
