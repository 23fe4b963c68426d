/**
 * The board on which a running link writes what it is doing, and from which `service show` reads: states in words, the
 * last error with the command that mends it, one row of figures for each bucket. Reading it touches no disk and no network.
 */
import type { Clock } from "../../base/clock.ts";
import type { EfsError, ErrorCode } from "../../base/errors.ts";
import type { BucketLinkStatus, LinkState, LinkStatus } from "../../model/link-status.ts";
import type { BucketCounters, CounterLedger, CounterName } from "./counters.ts";

/** States in which the link does or may soon do its work; in all others no bucket is ever shown idle. */
const WORKING: ReadonlySet<LinkState> = new Set([
  "disabled",
  "starting",
  "listening",
  "connected",
  "clocks apart",
]);

const STATE_OF_CODE: Partial<Record<ErrorCode, LinkState>> = {
  SAME_SEGMENT: "same segment",
  CLONED_SEGMENT: "cloned segment",
  AUTH_KEY_WRONG: "wrong key",
  DIRECTIONS_DO_NOT_PAIR: "directions do not pair",
  PATH_REFUSED: "path refused",
  PROTOCOL_VERSION: "protocol version",
  CONNECT_REFUSED: "refused",
  TIMEOUT: "no answer",
};

export function stateOf(error: EfsError): LinkState {
  return STATE_OF_CODE[error.code] ?? "error";
}

export class BucketBoard {
  readonly path: string;
  readonly counters: BucketCounters;
  phase: BucketLinkStatus["phase"] = "continuous";
  isActive = false;
  /** Set while something keeps this bucket alone from going on. */
  problem: EfsError | undefined;
  latencyMs = 0;
  /** Age of the newest change when it was applied. */
  appliedDelayMs = 0;
  backlog: { readonly versions: number; readonly bytes: number } = { versions: 0, bytes: 0 };
  /** Wall clock of the oldest change that waits. */
  oldestWaitingMs: number | undefined;
  pass: { share: number; readonly startShare: number; readonly startedMs: number } | undefined;

  constructor(path: string, counters: BucketCounters) {
    this.path = path;
    this.counters = counters;
  }
}

export type Peer = NonNullable<LinkStatus["peer"]>;

export class LinkBoard {
  readonly #clock: Clock;
  readonly #ledger: CounterLedger;
  readonly #buckets = new Map<string, BucketBoard>();
  #state: LinkState = "starting";
  #text: () => string = () => "starting";
  #lastError: LinkStatus["lastError"];
  /** Bytes of no bucket yet, kept until there is one. */
  readonly #unplaced = new Map<CounterName, number>();
  peer: Peer | undefined;
  listenAddress: string | undefined;
  nextAttemptMs: number | undefined;

  constructor(ledger: CounterLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** `text` may be a function: it is asked anew each time the status is read. */
  set(state: LinkState, text: string | (() => string)): void {
    this.#state = state;
    this.#text = typeof text === "string" ? () => text : text;
  }

  /** Remembers an error with the command that mends it; the state is left alone. */
  fail(error: EfsError, fix: string | undefined): void {
    this.#lastError = {
      code: error.code,
      message: error.message,
      atMs: this.#clock.wallMs(),
      fix: fix ?? error.hint,
    };
  }

  /** The row of a bucket, made when there is none. */
  bucket(path: string): BucketBoard {
    const known = this.#buckets.get(path);
    if (known !== undefined) return known;
    const made = new BucketBoard(path, this.#ledger.of(path));
    this.#buckets.set(path, made);
    for (const [name, count] of this.#unplaced) made.counters.add(name, count);
    this.#unplaced.clear();
    return made;
  }

  find(path: string): BucketBoard | undefined {
    return this.#buckets.get(path);
  }

  drop(path: string): void {
    this.#buckets.delete(path);
  }

  get buckets(): readonly BucketBoard[] {
    return [...this.#buckets.values()];
  }

  /** Counts for one bucket, or, what belongs to the whole link, for the first. */
  count(path: string | undefined, name: CounterName, count: number): void {
    const bucket = (path === undefined ? undefined : this.#buckets.get(path)) ?? this.buckets[0];
    if (bucket !== undefined) bucket.counters.add(name, count);
    else this.#unplaced.set(name, (this.#unplaced.get(name) ?? 0) + count);
  }

  /** Counts for every bucket of the link. */
  countAll(name: CounterName, count: number): void {
    if (this.#buckets.size === 0) this.count(undefined, name, count);
    for (const bucket of this.#buckets.values()) bucket.counters.add(name, count);
  }

  snapshot(): LinkStatus {
    const nowMs = this.#clock.wallMs();
    const rows = this.buckets.map((bucket) => this.#row(bucket, nowMs));
    return {
      kind: "link",
      state: this.#state,
      stateText: this.#text(),
      peer: this.peer,
      listenAddress: this.listenAddress,
      isEncrypted: false,
      lastError: this.#lastError,
      nextAttemptMs: this.nextAttemptMs,
      buckets: rows.sort((left, right) => (left.path < right.path ? -1 : 1)),
    };
  }

  #row(bucket: BucketBoard, nowMs: number): BucketLinkStatus {
    const waitedMs = bucket.oldestWaitingMs === undefined ? 0 : nowMs - bucket.oldestWaitingMs;
    return {
      path: bucket.path,
      destination: bucket.path,
      counters: bucket.counters.values,
      timestampMs: bucket.counters.writtenMs,
      status: this.#statusOf(bucket),
      phase: bucket.phase,
      mode: "complete",
      delayMs: Math.max(0, bucket.appliedDelayMs, waitedMs),
      latencyMs: bucket.latencyMs,
      sendBytesPerSecond: bucket.counters.sendBytesPerSecond,
      receiveBytesPerSecond: bucket.counters.receiveBytesPerSecond,
      backlog: bucket.backlog,
      initialPass: passOf(bucket, nowMs),
    };
  }

  #statusOf(bucket: BucketBoard): BucketLinkStatus["status"] {
    if (bucket.problem !== undefined) return "error";
    if (this.#state === "connecting") return "active";
    if (!WORKING.has(this.#state)) return "error";
    return bucket.isActive ? "active" : "idle";
  }
}

function passOf(bucket: BucketBoard, nowMs: number): BucketLinkStatus["initialPass"] {
  const pass = bucket.pass;
  if (pass === undefined) return undefined;
  const share = Math.min(1, pass.share);
  const gained = share - pass.startShare;
  const elapsedMs = nowMs - pass.startedMs;
  const remainingMs =
    gained > 0.001 ? Math.max(0, Math.round((elapsedMs / gained) * (1 - share))) : undefined;
  return { share, remainingMs };
}

/** The command that mends an error of a link, where there is one; `direction` 1 sends, 2 receives. */
export function fixOf(error: EfsError, service: string, direction: 1 | 2): string | undefined {
  const config = `efscli service config ${service}`;
  const remote = direction === 1 ? `${config} X-ISGW-Remote ccow://HOST:PORT` : undefined;
  const fixes: Partial<Record<ErrorCode, string | undefined>> = {
    SAME_SEGMENT: remote,
    CLONED_SEGMENT: "efsd --data NEW_DIRECTORY --name NAME",
    AUTH_KEY_WRONG: `${config} X-ISGW-Basic-Auth --value-file FILE`,
    DIRECTIONS_DO_NOT_PAIR: `${config} X-ISGW-Direction ${direction === 1 ? 2 : 1}`,
    CONNECT_REFUSED: remote,
    TIMEOUT: remote,
    IN_USE: `${config} X-ISGW-Local HOST:PORT`,
  };
  return fixes[error.code] ?? error.hint;
}
