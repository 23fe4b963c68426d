/** The daemon and its segment as the admin API shows them. */

export interface SystemStatus {
  /** `ok`, as in EdgeFS's REST. */
  readonly restWorker: "ok";
  readonly version: string;
  readonly segmentName: string;
  readonly systemGuid: string;
  readonly segmentId: string;
  readonly writerId: string;
  readonly dataDirectory: string;
  readonly pid: number;
  readonly started: string;
  readonly isWritable: boolean;
  readonly objectCount: number;
  readonly logicalBytes: number;
  readonly chunkCount: number;
  readonly storedBytes: number;
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  readonly services: ReadonlyArray<{
    readonly name: string;
    readonly type: string;
    readonly isEnabled: boolean;
    readonly state: string;
  }>;
}

export interface TokenInfo {
  readonly name: string;
  readonly created: string;
}

export interface NewToken extends TokenInfo {
  /** Shown once. */
  readonly token: string;
}
