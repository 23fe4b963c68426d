/** HeadObject: the headers of GetObject. */

import type { Action } from "../action.ts";
import { checkRead, currentRange } from "../conditions.ts";
import { inEncryptedBucket } from "../encryption.ts";
import {
  checkReadHeaders,
  readAnswer,
  readFailure,
  requireContentOf,
  versionPermission,
} from "../object-read.ts";
import { rangeAsked, rangeWithin } from "../range.ts";
import { parseVersionId } from "../version-id.ts";

export const headObject: Action = inEncryptedBucket({
  name: "HeadObject",
  target: "object",
  match: { method: "HEAD" },
  permission: versionPermission("Get"),
  run: async (context, request) => {
    checkReadHeaders(request);
    const given = rangeAsked(request);
    const versionId = request.query.get("versionId");
    const ref = parseVersionId(versionId);
    try {
      const version = await context.segment.objects.show(context.object, ref);
      requireContentOf(version);
      checkRead(request.headers, version);
      const asked = currentRange(given, request.headers, version);
      const whole = { startByte: 0, endByte: version.sizeBytes };
      const range = asked === undefined ? whole : rangeWithin(asked, version);
      const answer = await readAnswer(context, request, { version, asked, range });
      return { ...answer, sizeBytes: range.endByte - range.startByte };
    } catch (thrown) {
      throw await readFailure(context, context.object, versionId, thrown);
    }
  },
});
