/** PutObjectLegalHold. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { annotate, requireLock } from "../object-annotations.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putObjectLegalHold: Action = {
  name: "PutObjectLegalHold",
  target: "object",
  match: { method: "PUT", query: ["legal-hold"] },
  permission: "s3:PutObjectLegalHold",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "LegalHold", bytesMax: BODY_BYTES_MAX });
    const status = document.allow("Status").requiredText("Status");
    if (status !== "ON" && status !== "OFF") throw new S3Error("MalformedXML");
    await requireLock(context);
    await annotate(context, request, { hold: status === "ON" });
    return { status: 200 };
  },
};
