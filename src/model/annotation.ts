/**
 * Annotations: what changes about a version without making a new one. Each field has a UVID of its own and the latest
 * wins per field, so that sites agree whatever the order in which changes arrive. Bytes: annotation-record.ts.
 */
import type { Uvid } from "./uvid.ts";

/** `compliance` can be shortened or removed by nobody; `governance` by who may bypass it. */
export interface Retention {
  readonly mode: "governance" | "compliance";
  /** Wall clock, milliseconds. */
  readonly untilMs: number;
}

export const CANNED_ACLS = [
  "private",
  "public-read",
  "authenticated-read",
  "bucket-owner-full-control",
] as const;
export type CannedAcl = (typeof CANNED_ACLS)[number];

/** The fields that a writer gives; undefined: as it was. */
export interface AnnotationChange {
  /** At most 10; {} removes all. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly acl?: CannedAcl | undefined;
  readonly hold?: boolean | undefined;
  /** null removes it. */
  readonly retention?: Retention | null | undefined;
}

export interface Annotations {
  readonly tags: Readonly<Record<string, string>>;
  readonly acl: CannedAcl;
  readonly hold: boolean;
  readonly retention: Retention | undefined;
}

export const NO_ANNOTATIONS: Annotations = { tags: {}, acl: "private", hold: false, retention: undefined };

/** As it is stored and crosses a link: each field that was ever set, with the UVID of its last change. */
export interface AnnotationRecord {
  readonly tags?: { readonly uvid: Uvid; readonly value: Readonly<Record<string, string>> } | undefined;
  readonly acl?: { readonly uvid: Uvid; readonly value: CannedAcl } | undefined;
  readonly hold?: { readonly uvid: Uvid; readonly value: boolean } | undefined;
  readonly retention?: { readonly uvid: Uvid; readonly value: Retention | null } | undefined;
}
