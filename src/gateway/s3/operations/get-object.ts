/** GetObject: the bytes of an object or of a part of it, verified chunk by chunk as they are read. */
import { concat } from "../../../base/bytes.ts";
import { EfsError } from "../../../base/errors.ts";
import type { ObjectContent } from "../../../segment/objects.ts";
import type { Action, ObjectContext, S3Request, S3Response } from "../action.ts";
import { checkRead, currentRange } from "../conditions.ts";
import { inEncryptedBucket } from "../encryption.ts";
import {
  checkReadHeaders,
  readAnswer,
  readFailure,
  requireContentOf,
  versionPermission,
} from "../object-read.ts";
import { type RangeAsked, rangeAsked, rangeWithin } from "../range.ts";
import { parseVersionId, refOf } from "../version-id.ts";

/** Bodies up to this go out in one piece. */
const WHOLE_BYTES_MAX = 1024 * 1024;
/** How often the latest version may be replaced between finding it and reading it. */
const ATTEMPTS_MAX = 5;

export const getObject: Action = inEncryptedBucket({
  name: "GetObject",
  target: "object",
  match: { method: "GET" },
  permission: versionPermission("Get"),
  run: async (context, request) => {
    checkReadHeaders(request);
    const { content, asked } = await contentOf(context, request);
    const { version, startByte, endByte } = content;
    const answer = await readAnswer(context, request, { version, asked, range: { startByte, endByte } });
    return { ...answer, ...(await bodyOf(content)) };
  },
});

interface Found {
  readonly content: ObjectContent;
  /** undefined: all of it. */
  readonly asked: RangeAsked | undefined;
}

async function contentOf(context: ObjectContext, request: S3Request): Promise<Found> {
  const asked = rangeAsked(request);
  const versionId = request.query.get("versionId");
  const version = parseVersionId(versionId);
  try {
    if (asked === undefined) {
      const content = await context.segment.objects.get(context.object, {
        version,
        get signal() {
          return request.signal;
        },
      });
      requireContentOf(content.version);
      checkRead(request.headers, content.version);
      return { content, asked };
    }
    return await rangeOf(context, request, asked);
  } catch (thrown) {
    throw await readFailure(context, context.object, versionId, thrown);
  }
}

/** Where a range lies depends on the version's length and parts, so the version is found first and then read by its id. */
async function rangeOf(
  context: ObjectContext,
  request: S3Request,
  given: RangeAsked,
  attempt = 1,
): Promise<Found> {
  const { objects } = context.segment;
  const named = parseVersionId(request.query.get("versionId"));
  const version = await objects.show(context.object, named);
  requireContentOf(version);
  checkRead(request.headers, version);
  const asked = currentRange(given, request.headers, version);
  const range = asked === undefined ? undefined : rangeWithin(asked, version);
  const { signal } = request;
  try {
    return { content: await objects.get(context.object, { version: refOf(version), range, signal }), asked };
  } catch (thrown) {
    const isReplaced =
      thrown instanceof EfsError &&
      thrown.kind === "not_found" &&
      named === undefined &&
      attempt < ATTEMPTS_MAX;
    if (!isReplaced) throw thrown;
    return rangeOf(context, request, given, attempt + 1);
  }
}

async function bodyOf(content: ObjectContent): Promise<Pick<S3Response, "body" | "sizeBytes">> {
  const sizeBytes = content.endByte - content.startByte;
  if (sizeBytes > WHOLE_BYTES_MAX) return { body: content.body, sizeBytes };
  const pieces: Uint8Array[] = [];
  for await (const piece of content.body) pieces.push(piece);
  const [only] = pieces;
  const body = only !== undefined && pieces.length === 1 ? only : concat(pieces);
  return { body, sizeBytes };
}
