/** SelectObjectContent: queries are not run here. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const selectObjectContent: Action = {
  name: "SelectObjectContent",
  target: "object",
  match: { method: "POST", query: ["select"] },
  permission: "s3:GetObject",
  run: async () => {
    throw new S3Error("NotImplemented", "SelectObjectContent is not implemented; read the object instead");
  },
};
