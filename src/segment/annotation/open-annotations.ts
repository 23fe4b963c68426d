/** The AnnotationStore of a segment, put together from its parts. */
import { EfsError } from "../../base/errors.ts";
import type { Annotations } from "../../model/annotation.ts";
import { annotationsOf } from "../../model/annotation-merge.ts";
import type { BucketPath, ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { AnnotatedVersion, AnnotationStore } from "../annotations.ts";
import type { Core } from "../core/core.ts";
import { findVersion } from "../object/read-object.ts";
import type { VersionRef } from "../objects.ts";
import { annotate } from "./annotate.ts";
import { readAnnotation, readAnnotations } from "./read-annotations.ts";

const VERSIONS_MAX = 1000;

export function openAnnotations(core: Core): AnnotationStore {
  const { inFlight } = core;
  return {
    show: (path, version) => inFlight.run(() => show(core, path, version)),
    showMany: (bucket, versions) => inFlight.run(() => showMany(core, bucket, versions)),
    annotate: (path, version, change, options = {}) =>
      inFlight.run(() => annotate(core, path, { version, change, options })),
  };
}

async function show(core: Core, path: ObjectPath, asked: VersionRef | undefined): Promise<AnnotatedVersion> {
  const version = await findVersion(core, path, asked);
  const bucket = await core.buckets.open(path);
  const { record } = await readAnnotation(core.records, bucket, version);
  return { version, annotations: annotationsOf(record) };
}

async function showMany(
  core: Core,
  path: BucketPath,
  versions: readonly Version[],
): Promise<readonly Annotations[]> {
  if (versions.length > VERSIONS_MAX) {
    throw new EfsError("LIMIT", `${versions.length} versions at once, the limit is ${VERSIONS_MAX}`);
  }
  const bucket = await core.buckets.open(path);
  const stored = await readAnnotations(core.records, bucket, versions);
  return stored.map(({ record }) => annotationsOf(record));
}
