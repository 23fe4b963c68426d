/** Sites for link tests: a segment on memory with isgw services, over loopback or a simulated network. */
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import { startIsgw } from "../../../src/gateway/isgw/gateway.ts";
import { type Network, tcpNetwork } from "../../../src/gateway/isgw/network.ts";
import type { LinkStatus } from "../../../src/model/link-status.ts";
import {
  type BucketPath,
  parseBucketPath,
  parseObjectName,
  parseServiceName,
} from "../../../src/model/names.ts";
import type { BucketOptions } from "../../../src/model/namespace.ts";
import type { ServiceRecord } from "../../../src/model/service.ts";
import { openSegment } from "../../../src/segment/open.ts";
import type { Segment } from "../../../src/segment/segment.ts";

export const BK1 = parseBucketPath("Hawaii/Cola/bk1");
export const KEY = Buffer.from("test123:test123").toString("base64");

let nextSeed = 1;

export interface SiteOptions {
  readonly name?: string;
  readonly seed?: number;
  readonly engine?: Engine;
  readonly network?: Network;
  /** Without one there are no encrypted buckets. */
  readonly segmentKey?: Uint8Array;
  readonly clockAheadMs?: number;
  /** How many times faster than the real one the clock of its links goes. */
  readonly speed?: number;
}

/** A segment whose engine outlives it, so that it can be restarted. */
export class Site {
  readonly options: SiteOptions;
  readonly engine: Engine;
  readonly #links = new Set<RunningGateway<LinkStatus>>();
  segment: Segment;

  private constructor(options: SiteOptions, engine: Engine, segment: Segment) {
    this.options = options;
    this.engine = engine;
    this.segment = segment;
  }

  static async open(options: SiteOptions = {}): Promise<Site> {
    const engine = options.engine ?? openMemoryEngine({ clock: systemClock });
    return new Site(options, engine, await openOn(engine, options));
  }

  get clock(): Clock {
    const { clockAheadMs = 0, speed = 1 } = this.options;
    const startMs = systemClock.wallMs();
    return {
      wallMs: () => startMs + (systemClock.wallMs() - startMs) * speed + clockAheadMs,
      monotonicMs: () => systemClock.monotonicMs() * speed,
      sleep: (delayMs, signal) => systemClock.sleep(delayMs / speed, signal),
    };
  }

  /** As after a crash: what runs is left behind, a new segment opens on the same engine. */
  async restart(): Promise<void> {
    await this.stopLinks();
    await this.segment.close();
    this.segment = await openOn(this.engine, this.options);
  }

  async start(service: ServiceRecord): Promise<RunningGateway<LinkStatus>> {
    const known = await this.segment.services.show(service.name).catch(() => undefined);
    if (known === undefined) await this.segment.services.create(service);
    const { segment, clock } = this;
    const context = { segment, clock, random: seededRandom(nextSeed++), log: silentLog };
    const link = await startIsgw(context, service, this.options.network ?? tcpNetwork);
    this.#links.add(link);
    return link;
  }

  async stopLink(link: RunningGateway<LinkStatus>): Promise<void> {
    this.#links.delete(link);
    await link.stop();
  }

  async stopLinks(): Promise<void> {
    await Promise.all([...this.#links].map((link) => this.stopLink(link)));
  }

  async close(): Promise<void> {
    await this.stopLinks();
    await this.segment.close();
  }

  bucket(path: BucketPath = BK1, options: Partial<BucketOptions> = {}) {
    return this.segment.namespace.ensureBucket(path, options);
  }

  put(name: string, body: Uint8Array | string, bucket: BucketPath = BK1) {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return this.segment.objects.put({ ...bucket, object: parseObjectName(name) }, bytes);
  }

  delete(name: string, bucket: BucketPath = BK1) {
    return this.segment.objects.delete({ ...bucket, object: parseObjectName(name) });
  }

  async read(name: string, bucket: BucketPath = BK1): Promise<Uint8Array> {
    const content = await this.segment.objects.get({ ...bucket, object: parseObjectName(name) });
    const parts: Uint8Array[] = [];
    for await (const part of content.body) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Name to UVID and size of everything that a reader sees. */
  async listing(bucket: BucketPath = BK1): Promise<Record<string, string>> {
    const seen: Record<string, string> = {};
    let after: string | undefined;
    do {
      const page = await this.segment.objects.list(bucket, { after, limit: 1000 });
      for (const item of page.items) {
        if (item.kind === "object")
          seen[item.version.object] = `${item.version.uvid} ${item.version.sizeBytes}`;
      }
      after = page.next;
    } while (after !== undefined);
    return seen;
  }
}

function openOn(engine: Engine, options: SiteOptions): Promise<Segment> {
  const aheadMs = options.clockAheadMs ?? 0;
  return openSegment({
    engine: {
      ...engine,
      chunks: engine.chunks,
      records: engine.records,
      space: () => engine.space(),
      close: async () => {},
    },
    clock: { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs },
    random: seededRandom((options.seed ?? 0) + 7919 * nextSeed++),
    log: silentLog,
    workers: 0,
    name: options.name ?? "site",
    segmentKey: options.segmentKey,
  });
}

export function service(
  name: string,
  settings: Record<string, string>,
  served: readonly string[],
): ServiceRecord {
  return {
    name: parseServiceName(name),
    type: "isgw",
    isEnabled: true,
    settings: Object.entries({ "X-ISGW-Basic-Auth": KEY, ...settings }),
    served,
    revision: 1,
  };
}

export function receiverService(
  served: readonly string[] = ["Hawaii/Cola/bk1"],
  more: Record<string, string> = {},
) {
  return service("hawaii-r", { "X-ISGW-Direction": "2", "X-ISGW-Local": "127.0.0.1:0", ...more }, served);
}

export function senderService(
  address: string,
  served: readonly string[] = ["Hawaii/Cola/bk1"],
  more: Record<string, string> = {},
) {
  const settings = {
    "X-ISGW-Direction": "1",
    "X-ISGW-Remote": `ccow://${address}`,
    "X-ISGW-Replication": "3",
    "X-ISGW-Interval": "50ms",
    ...more,
  };
  return service("hawaii", settings, served);
}

export async function until<T>(
  get: () => T | Promise<T>,
  isRight: (value: T) => boolean,
  waitMs = 10_000,
): Promise<T> {
  const endMs = systemClock.monotonicMs() + waitMs;
  for (;;) {
    const value = await get();
    if (isRight(value)) return value;
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(
        `not so within ${waitMs} ms: ${JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v))}`,
      );
    }
    await systemClock.sleep(5);
  }
}

export async function addressOf(link: RunningGateway<LinkStatus>): Promise<string> {
  const status = await until(
    () => link.status(),
    (seen: LinkStatus) => seen.listenAddress !== undefined,
  );
  return status.listenAddress ?? "";
}

/** Resolves when both sides show the same objects. */
export async function converged(
  from: Site,
  to: Site,
  bucket: BucketPath = BK1,
  waitMs = 20_000,
): Promise<void> {
  const isSame = async () => {
    const wanted = JSON.stringify(await from.listing(bucket));
    const seen = JSON.stringify(await to.listing(bucket).catch(() => ({})));
    return wanted === seen ? "same" : `${wanted.length} and ${seen.length}`;
  };
  await until(isSame, (answer) => answer === "same", waitMs);
}
