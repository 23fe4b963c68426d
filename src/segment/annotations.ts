/** What changes about a version without a new one: tags, ACL, legal hold, retention. Logged, so that they replicate. */
import type { AnnotationChange, Annotations } from "../model/annotation.ts";
import type { ObjectPath } from "../model/names.ts";
import type { Version } from "../model/version.ts";
import type { VersionRef } from "./objects.ts";

export interface AnnotatedVersion {
  readonly version: Version;
  readonly annotations: Annotations;
}

export interface AnnotateOptions {
  /** Governance retention may be shortened or removed by this caller. */
  readonly isGovernanceBypassed?: boolean | undefined;
}

export interface AnnotationStore {
  /** Of the latest version when `version` is undefined. @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND, VERSION_NOT_FOUND */
  show(path: ObjectPath, version?: VersionRef): Promise<AnnotatedVersion>;
  /** Of versions that the caller has; at most 1,000, in order. @throws BUCKET_NOT_FOUND */
  showMany(
    bucket: import("../model/names.ts").BucketPath,
    versions: readonly Version[],
  ): Promise<readonly Annotations[]>;
  /**
   * Changes the fields that are given. Durable when resolved.
   * @throws as show; LOCKED (retention that may not be shortened), BAD_VALUE, LIMIT, CONFLICT (hold or retention in a bucket without lock)
   */
  annotate(
    path: ObjectPath,
    version: VersionRef | undefined,
    change: AnnotationChange,
    options?: AnnotateOptions,
  ): Promise<AnnotatedVersion>;
}
