/** GetObjectAttributes: the asked ones of ETag, Checksum, ObjectParts, StorageClass and ObjectSize. */
import type { ContentDigest, Version } from "../../../model/version.ts";
import type { Action, S3Request } from "../action.ts";
import { checksumElements } from "../checksum-elements.ts";
import { CHECKSUM_WORDS } from "../checksum-headers.ts";
import { checkRead } from "../conditions.ts";
import { S3Error } from "../errors.ts";
import { etagOf } from "../etag.ts";
import { formatHttpDate } from "../http-date.ts";
import { storageClass } from "../listed-object.ts";
import { countOf } from "../listing.ts";
import { refuseEncryption } from "../object-headers.ts";
import { readFailure, requireContentOf, versionPermission } from "../object-read.ts";
import { shownVersionId } from "../version-headers.ts";
import { parseVersionId } from "../version-id.ts";
import type { XmlChildren } from "../wire/xml.ts";
import { xmlAnswer } from "../xml-answer.ts";

const HEADER = "x-amz-object-attributes";
const ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"] as const;
type Attribute = (typeof ATTRIBUTES)[number];
const PARTS_SHOWN_MAX = 1000;

export const getObjectAttributes: Action = {
  name: "GetObjectAttributes",
  target: "object",
  match: { method: "GET", query: ["attributes"] },
  permission: versionPermission("Get", "Attributes"),
  run: async (context, request) => {
    refuseEncryption(request.headers);
    const asked = attributesAsked(request);
    const versionId = request.query.get("versionId");
    const ref = parseVersionId(versionId);
    try {
      const version = await context.segment.objects.show(context.object, ref);
      requireContentOf(version);
      checkRead(request.headers, version);
      return xmlAnswer("GetObjectAttributesResponse", contentOf(version, asked, request.headers), {
        "Last-Modified": formatHttpDate(version.modifiedMs),
        "x-amz-version-id": shownVersionId(version, versionId),
      });
    } catch (thrown) {
      throw await readFailure(context, context.object, versionId, thrown);
    }
  },
};

function attributesAsked({ headers }: S3Request): ReadonlySet<Attribute> {
  const asked = new Set<Attribute>();
  for (const text of (headers.get(HEADER) ?? "").split(",")) {
    const attribute = ATTRIBUTES.find((known) => known === text.trim());
    if (attribute === undefined) {
      throw new S3Error("InvalidArgument", "Invalid attribute name specified.", {
        elements: { ArgumentName: HEADER, ArgumentValue: text.trim().slice(0, 256) },
      });
    }
    asked.add(attribute);
  }
  return asked;
}

function contentOf(
  version: Version,
  asked: ReadonlySet<Attribute>,
  headers: ReadonlyMap<string, string>,
): XmlChildren {
  const { digest } = version;
  const hasChecksum = asked.has("Checksum") && digest?.checksum !== undefined;
  const hasParts = asked.has("ObjectParts") && digest !== undefined && digest.parts.length > 0;
  return {
    ETag: asked.has("ETag") ? etagOf(version) : undefined,
    Checksum: hasChecksum ? checksumElements(digest) : undefined,
    ObjectParts: hasParts ? partsElement(digest, headers) : undefined,
    StorageClass: asked.has("StorageClass") ? storageClass(version) : undefined,
    ObjectSize: asked.has("ObjectSize") ? version.sizeBytes : undefined,
  };
}

function partsElement(digest: ContentDigest, headers: ReadonlyMap<string, string>): XmlChildren {
  const { parts, checksum } = digest;
  const marker = countOf(headers, "x-amz-part-number-marker") ?? 0;
  const max = Math.min(countOf(headers, "x-amz-max-parts") ?? PARTS_SHOWN_MAX, PARTS_SHOWN_MAX);
  const shown = parts.slice(marker, marker + max);
  const last = marker + shown.length;
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: last,
    MaxParts: max,
    IsTruncated: last < parts.length,
    Part: shown.map((part, index) => ({
      PartNumber: marker + index + 1,
      Size: part.sizeBytes,
      ...(checksum === undefined || part.checksum === undefined
        ? {}
        : {
            [`Checksum${CHECKSUM_WORDS[checksum.algorithm]}`]: Buffer.from(part.checksum).toString("base64"),
          }),
    })),
  };
}
