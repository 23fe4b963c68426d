/** RestoreObject: nothing is ever archived here, so there is nothing to restore. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const restoreObject: Action = {
  name: "RestoreObject",
  target: "object",
  match: { method: "POST", query: ["restore"] },
  permission: "s3:RestoreObject",
  run: async () => {
    throw new S3Error(
      "NotImplemented",
      "Objects of every storage class can be read at once; RestoreObject is not implemented",
    );
  },
};
