/** What an S3 service says of itself. Counters survive a restart; latencies are of this run. */

export interface S3OperationStatus {
  /** AWS's name: `PutObject`. */
  readonly operation: string;
  readonly bucket: string;
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds; undefined: no request in this run. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** How the events of one notification of a bucket come to their webhook. */
export interface S3NotificationStatus {
  readonly bucket: string;
  /** The configuration's id. */
  readonly id: string;
  readonly webhook: string;
  readonly state: "delivering" | "failing";
  /** Events that were acknowledged, of all runs. */
  readonly delivered: number;
  /** Entries of the transaction log that are not looked at yet. */
  readonly backlog: number;
  /** The last failure of this run. */
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | undefined;
}

export interface S3Status {
  readonly kind: "s3";
  readonly state: "disabled" | "starting" | "listening" | "error";
  readonly stateText: string;
  /** `http://host:port` and `https://host:port`. */
  readonly endpoints: readonly string[];
  readonly tenant: string | undefined;
  readonly lastError:
    | {
        readonly code: string;
        readonly message: string;
        readonly atMs: number;
        readonly fix: string | undefined;
      }
    | undefined;
  readonly inFlight: number;
  readonly operations: readonly S3OperationStatus[];
  /** AWS error code to how often it was answered. */
  readonly errors: Readonly<Record<string, number>>;
  /** By bucket; undefined: the service does not run. */
  readonly notifications?: readonly S3NotificationStatus[] | undefined;
}
