/** One file or stdin into one object. */
import { stat } from "node:fs/promises";
import type { ObjectInfo, PutObjectOptions } from "../../api/object.ts";
import { EfsError, toEfsError } from "../../base/errors.ts";
import { type SplitObject, splitObject } from "../arguments.ts";
import { forTerminal } from "../output/escape.ts";
import type { Session } from "../session.ts";
import { whileMoving } from "./moving.ts";

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
  const put = (body: AsyncIterable<Uint8Array> | Uint8Array, given: PutObjectOptions, totalBytes?: number) =>
    whileMoving(session, { what: "stored", totalBytes }, (watched) =>
      session.api.putObject(bucket, name, body instanceof Uint8Array ? body : watched(body), {
        ...common,
        ...given,
      }),
    );
  if (file === "-") return put(session.stdin, { metadata: options.metadata });
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
    return put(createReadStream(file), { metadata: options.metadata });
  }
  return withFile(file, { followsLinks: true }, ({ facts, body }) => {
    const metadata = { ...metadataOf(facts), ...options.metadata };
    return put(body, { sizeBytes: facts.sizeBytes, metadata }, facts.sizeBytes);
  });
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
