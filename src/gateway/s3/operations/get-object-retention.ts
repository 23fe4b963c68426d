/** GetObjectRetention. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { isoDate } from "../listed-object.ts";
import { annotated, requireLock } from "../object-annotations.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getObjectRetention: Action = {
  name: "GetObjectRetention",
  target: "object",
  match: { method: "GET", query: ["retention"] },
  permission: "s3:GetObjectRetention",
  run: async (context, request) => {
    await requireLock(context);
    const { retention } = (await annotated(context, request)).annotations;
    if (retention === undefined) {
      throw new S3Error(
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration",
      );
    }
    return xmlAnswer("Retention", {
      Mode: retention.mode.toUpperCase(),
      RetainUntilDate: isoDate(retention.untilMs),
    });
  },
};
