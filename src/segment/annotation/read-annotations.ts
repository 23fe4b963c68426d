/** The records of annotations: their keys, and reading those of versions that the caller has. */
import { EfsError } from "../../base/errors.ts";
import type { MetaStore, RecordKey, Write } from "../../engine/meta-store.ts";
import type { AnnotationRecord } from "../../model/annotation.ts";
import { decodeAnnotations } from "../../model/annotation-record.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { versionKey } from "../keys.ts";
import { damagedObject } from "../object/object-record.ts";

export type Annotated = Pick<Version, "object" | "uvid" | "generation">;

export interface StoredAnnotations {
  readonly key: RecordKey;
  /** What a commit checks; undefined: none were ever set. */
  readonly bytes: Uint8Array | undefined;
  readonly record: AnnotationRecord | undefined;
}

export function annotationKey(bucket: OpenBucket, version: Annotated): RecordKey {
  return versionKey(bucket.keys.annotations, version.object, version);
}

/** For the batch that removes a version. */
export function annotationRemoval(bucket: OpenBucket, version: Annotated): Write {
  return { key: annotationKey(bucket, version), value: undefined };
}

/** In order, seen at one moment. At most 1,000. @throws RECORD_CORRUPT naming the object */
export async function readAnnotations(
  records: MetaStore,
  bucket: OpenBucket,
  versions: readonly Annotated[],
): Promise<readonly StoredAnnotations[]> {
  if (versions.length === 0) return [];
  const keys = versions.map((version) => annotationKey(bucket, version));
  const values = await records.getMany(keys);
  return versions.map((version, index) => {
    const key = keys[index] ?? annotationKey(bucket, version);
    const bytes = values[index];
    return {
      key,
      bytes,
      record: bytes === undefined ? undefined : decodeNamed(bucket, version, bytes),
    };
  });
}

export async function readAnnotation(
  records: MetaStore,
  bucket: OpenBucket,
  version: Annotated,
): Promise<StoredAnnotations> {
  const key = annotationKey(bucket, version);
  const bytes = await records.get(key);
  return { key, bytes, record: bytes === undefined ? undefined : decodeNamed(bucket, version, bytes) };
}

function decodeNamed(bucket: OpenBucket, version: Annotated, bytes: Uint8Array): AnnotationRecord {
  try {
    return decodeAnnotations(bytes);
  } catch (thrown) {
    if (!(thrown instanceof EfsError) || thrown.code === "FORMAT_TOO_NEW") throw thrown;
    throw damagedObject(bucket.path, version.object, thrown);
  }
}
