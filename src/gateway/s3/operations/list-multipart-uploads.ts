/** ListMultipartUploads: the open uploads of a bucket, by key and then by time. */
import type { Upload } from "../../../segment/uploads.ts";
import type { Action, BucketContext } from "../action.ts";
import { S3Error } from "../errors.ts";
import { isoDate, ownerElement, prefixElement } from "../listed-object.ts";
import { type ListAsked, listAsked, nameBound, shown } from "../listing.ts";
import { uploadChecksumElements } from "../multipart-checksum.ts";
import { shownInitiator, uploadStorageClass } from "../multipart-request.ts";
import { ownerOf } from "../owner.ts";
import type { XmlChildren } from "../wire/xml.ts";
import { xmlAnswer } from "../xml-answer.ts";

const ID_PATTERN = /^[0-9a-f]{32}$/;

export const listMultipartUploads: Action = {
  name: "ListMultipartUploads",
  target: "bucket",
  match: { method: "GET", query: ["uploads"] },
  permission: "s3:ListBucketMultipartUploads",
  run: async (context, { query }) => {
    const asked = listAsked(query, context.listMax, "max-uploads");
    const keyMarker = nameBound(query, "key-marker");
    const idMarker = idMarkerOf(query, keyMarker);
    const page = await context.segment.uploads.list(context.bucket, {
      prefix: asked.prefix,
      delimiter: asked.delimiter,
      after: keyMarker,
      afterUpload: idMarker,
      limit: Math.max(1, asked.limit),
    });
    const items = asked.limit === 0 ? [] : page.items;
    const next = asked.limit === 0 ? undefined : page.next;
    const uploads = items.flatMap((item) => (item.kind === "upload" ? [item.upload] : []));
    const prefixes = items.flatMap((item) => (item.kind === "prefix" ? [item.prefix] : []));
    return xmlAnswer("ListMultipartUploadsResult", {
      Bucket: context.bucket.bucket,
      KeyMarker: shown(keyMarker ?? "", asked),
      UploadIdMarker: idMarker ?? "",
      NextKeyMarker: next === undefined ? undefined : shown(next.after, asked),
      NextUploadIdMarker: next === undefined ? undefined : (next.afterUpload ?? ""),
      Prefix: shown(asked.prefix, asked),
      Delimiter: asked.delimiter === undefined ? undefined : shown(asked.delimiter, asked),
      EncodingType: asked.isUrlEncoded ? "url" : undefined,
      MaxUploads: asked.maxKeys,
      IsTruncated: next !== undefined,
      Upload: uploads.map((upload) => uploadElement(context, upload, asked)),
      CommonPrefixes: prefixes.map((prefix) => prefixElement(prefix, asked)),
    });
  },
};

/** Without a key marker it means nothing, as AWS has it. @throws InvalidArgument */
function idMarkerOf(query: ReadonlyMap<string, string>, keyMarker: string | undefined): string | undefined {
  const text = query.get("upload-id-marker");
  if (keyMarker === undefined || text === undefined || text === "") return undefined;
  if (ID_PATTERN.test(text)) return text;
  throw new S3Error("InvalidArgument", "Invalid uploadId marker", {
    elements: { ArgumentName: "upload-id-marker", ArgumentValue: text.slice(0, 256) },
  });
}

function uploadElement(context: BucketContext, upload: Upload, asked: ListAsked): XmlChildren {
  return {
    Key: shown(upload.object, asked),
    UploadId: upload.id,
    Initiator: ownerElement(shownInitiator(context, upload)),
    Owner: ownerElement(ownerOf(context.tenant)),
    StorageClass: uploadStorageClass(upload),
    Initiated: isoDate(upload.createdMs),
    ...uploadChecksumElements(upload),
  };
}
