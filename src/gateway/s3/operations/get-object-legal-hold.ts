/** GetObjectLegalHold. */
import type { Action } from "../action.ts";
import { annotated, requireLock } from "../object-annotations.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getObjectLegalHold: Action = {
  name: "GetObjectLegalHold",
  target: "object",
  match: { method: "GET", query: ["legal-hold"] },
  permission: "s3:GetObjectLegalHold",
  run: async (context, request) => {
    await requireLock(context);
    const { annotations } = await annotated(context, request);
    return xmlAnswer("LegalHold", { Status: annotations.hold ? "ON" : "OFF" });
  },
};
