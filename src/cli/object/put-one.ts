/** One file or stdin into one object. */
import { stat } from "node:fs/promises";
import type { ObjectInfo } from "../../api/object.ts";
import { EfsError, toEfsError } from "../../base/errors.ts";
import { type SplitObject, splitObject } from "../arguments.ts";
import { forTerminal } from "../output/escape.ts";
import type { Session } from "../session.ts";

export interface PutOneOptions {
  readonly clobber?: boolean;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** @throws FILE_NOT_FOUND, DENIED, USAGE (a directory), CONFLICT (the file changes), and what the segment says */
export async function putOne(
  session: Session,
  path: string,
  file: string,
  options: PutOneOptions,
): Promise<ObjectInfo> {
  const { bucket, name } = objectOf(path);
  const common = { contentType: options.contentType, ifAbsent: options.clobber === false };
  if (file === "-") {
    return session.api.putObject(bucket, name, session.stdin, { ...common, metadata: options.metadata });
  }
  const [{ withFile }, { readError }, { metadataOf }] = await Promise.all([
    import("../tree/read-file.ts"),
    import("../tree/walk.ts"),
    import("../tree/attributes.ts"),
  ]);
  const stats = await stat(file).catch((thrown: unknown) => {
    throw readError(thrown, "file", file);
  });
  if (stats.isDirectory()) {
    throw new EfsError("USAGE", `${forTerminal(file)} is a directory`, {
      hint: `efscli object put -r ${forTerminal(file)} ${forTerminal(path)}`,
    });
  }
  if (!stats.isFile()) {
    const { createReadStream } = await import("node:fs");
    return session.api.putObject(bucket, name, createReadStream(file), {
      ...common,
      metadata: options.metadata,
    });
  }
  return withFile(file, { followsLinks: true }, ({ facts, body }) =>
    session.api.putObject(bucket, name, body, {
      ...common,
      sizeBytes: facts.sizeBytes,
      metadata: { ...metadataOf(facts), ...options.metadata },
    }),
  );
}

function objectOf(path: string): SplitObject {
  try {
    return splitObject(path);
  } catch (thrown) {
    const { code, message } = toEfsError(thrown);
    throw new EfsError(code, message, {
      hint: "the object comes first: efscli object put CLUSTER/TENANT/BUCKET/OBJECT FILE",
    });
  }
}
