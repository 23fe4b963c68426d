/** A rule of a bucket's lifecycle, as it is kept. Who acts by it never meets XML. */

export interface LifecycleFilter {
  readonly prefix?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly sizeBytesAbove?: number | undefined;
  readonly sizeBytesBelow?: number | undefined;
}

export interface LifecycleRule {
  readonly id: string;
  readonly isEnabled: boolean;
  /** How the document says it: the old element Prefix, or Filter; shown as it was put. */
  readonly form: "prefix" | "filter" | "and";
  readonly filter: LifecycleFilter;
  readonly expiration?:
    | { readonly days: number }
    /** Midnight UTC, ISO 8601. */
    | { readonly date: string }
    | { readonly isMarkerExpired: boolean }
    | undefined;
  readonly noncurrent?: { readonly days: number; readonly newerKept?: number | undefined } | undefined;
  readonly abortUploadsAfterDays?: number | undefined;
}
