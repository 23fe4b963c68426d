/** PutObjectRetention: an empty document removes it, where that is allowed. */
import type { Action } from "../action.ts";
import { isGovernanceBypassed, retentionOf } from "../annotation-headers.ts";
import { S3Error } from "../errors.ts";
import { annotate, requireLock } from "../object-annotations.ts";
import type { XmlElement } from "../wire/xml.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putObjectRetention: Action = {
  name: "PutObjectRetention",
  target: "object",
  match: { method: "PUT", query: ["retention"] },
  permission: "s3:PutObjectRetention",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "Retention", bytesMax: BODY_BYTES_MAX });
    const { mode, until } = partsOf(document);
    const retention = retentionOf(mode, until, context.clock.wallMs()) ?? null;
    await requireLock(context);
    const resource = { bucket: context.object.bucket, key: context.object.object };
    const isBypassed = await isGovernanceBypassed(context, request.headers, resource);
    await annotate(context, request, { retention }, { isGovernanceBypassed: isBypassed });
    return { status: 200 };
  },
};

function partsOf(document: XmlElement): {
  readonly mode: string | undefined;
  readonly until: string | undefined;
} {
  document.allow("Mode", "RetainUntilDate");
  const [mode, until] = [document.textOf("Mode"), document.textOf("RetainUntilDate")];
  const isSound = mode === undefined || mode === "GOVERNANCE" || mode === "COMPLIANCE";
  if (!isSound || (mode === undefined) !== (until === undefined)) throw new S3Error("MalformedXML");
  return { mode, until };
}
