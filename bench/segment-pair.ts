/**
 * Two segments on this machine, hawaii and remote, as two real `efsd` processes, and a link from the first to the second through the
 * counting relay. Owns both processes and the relay.
 */
import path from "node:path";
import type { AdminClient } from "../src/api/admin-client.ts";
import type { LinkStatus } from "../src/model/link-status.ts";
import { Daemon, waitFor } from "./daemon.ts";
import { Relay } from "./relay.ts";
import { freePort } from "./rsync.ts";

export const TENANT = "Hawaii/Cola";
export const BUCKET = "Hawaii/Cola/bk1";
export const SENDER = "hawaii";
export const RECEIVER = "hawaii-r";
const AUTH_KEY = "dGVzdDEyMzpzZWVkLXNlY3JldA==";

export interface PairOptions {
  readonly directory: string;
  /** One way, in the relay. */
  readonly delayMs?: number;
  readonly flags?: readonly string[];
}

export interface LinkOptions {
  /** Served by the sender; BUCKET when undefined. */
  readonly serve?: readonly string[];
  readonly intervalMs?: number;
}

export class SegmentPair {
  near: Daemon;
  far: Daemon;
  readonly relay: Relay;
  readonly #options: PairOptions;

  private constructor(near: Daemon, far: Daemon, relay: Relay, options: PairOptions) {
    this.near = near;
    this.far = far;
    this.relay = relay;
    this.#options = options;
  }

  /** Both daemons run and the relay listens; nothing is linked yet. */
  static async start(options: PairOptions): Promise<SegmentPair> {
    const near = await Daemon.start(daemonOptions(options, "hawaii"));
    const far = await Daemon.start(daemonOptions(options, "remote"));
    const relay = await Relay.open({ targetPort: await freePort(), delayMs: options.delayMs ?? 0 });
    return new SegmentPair(near, far, relay, options);
  }

  /** Makes cluster, tenant and bucket at the near side. */
  async createBucket(): Promise<void> {
    await this.near.api.createCluster({ name: "Hawaii" });
    await this.near.api.createTenant("Hawaii", { name: "Cola" });
    await this.near.api.createBucket(TENANT, { name: "bk1" });
  }

  /** The receiver listens; its port becomes the relay's target. */
  async addReceiver(options: LinkOptions = {}): Promise<void> {
    const port = await freePort();
    this.relay.targetPort = port;
    await this.far.api.addService({
      name: RECEIVER,
      type: "isgw",
      listen: `127.0.0.1:${port}`,
      direction: "receive",
      authKey: AUTH_KEY,
      serve: [...(options.serve ?? [BUCKET])],
    });
  }

  async addSender(options: LinkOptions = {}): Promise<void> {
    await this.near.api.addService({
      name: SENDER,
      type: "isgw",
      remote: `ccow://127.0.0.1:${this.relay.port}`,
      direction: "send",
      replication: "initial+continuous",
      authKey: AUTH_KEY,
      serve: [...(options.serve ?? [BUCKET])],
      ...(options.intervalMs === undefined ? {} : { intervalMs: options.intervalMs }),
    });
  }

  async link(): Promise<LinkStatus> {
    const { link } = await this.near.api.serviceStatus(SENDER);
    if (link === undefined) throw new Error(`${SENDER} is no link`);
    return link;
  }

  /** The far side holds every object of the bucket in the near side's version. Durable there, since visible is durable. */
  async waitUntilEqual(bucket: string, deadlineMs: number): Promise<void> {
    const wanted = await this.near.api.showBucket(bucket);
    await waitFor(`${wanted.objectCount} objects of ${bucket} at the far side`, deadlineMs, async () => {
      const got = await this.far.api.showBucket(bucket).catch(() => undefined);
      if (got?.objectCount !== wanted.objectCount || got.sizeBytes !== wanted.sizeBytes) return false;
      const { buckets } = await this.link();
      const link = buckets.find((candidate) => candidate.path === bucket);
      return link !== undefined && link.backlog.versions === 0 && link.initialPass === undefined;
    });
  }

  /**
   * Puts a small object behind everything that was written, and waits until the far side has it: what stands before it in the bucket's
   * log is there too.
   */
  async waitForSentinel(bucket: string, deadlineMs: number): Promise<void> {
    const body = Buffer.from(`sentinel ${performance.now()}`);
    const { versionId } = await this.near.api.putObject(bucket, "sentinel", body);
    await waitFor(`the sentinel of ${bucket} at the far side`, deadlineMs, async () => {
      const found = await this.far.api.showObject(bucket, "sentinel").catch(() => undefined);
      return found?.versionId === versionId;
    });
  }

  async restart(side: "near" | "far"): Promise<void> {
    this[side] = await Daemon.start(daemonOptions(this.#options, side === "near" ? "hawaii" : "remote"));
  }

  async stop(): Promise<void> {
    await Promise.all([this.near.stop("SIGKILL"), this.far.stop("SIGKILL")]);
    await this.relay.close();
  }
}

/** Names and version ids of all objects of a bucket; what two sides must agree in. */
export async function listAll(api: AdminClient, bucket: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  let after: string | undefined;
  do {
    const page = await api.listObjects(bucket, { limit: 10_000, after });
    for (const item of page.items)
      found.set(item.name, `${item.versionId} ${item.contentId} ${item.sizeBytes}`);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

/** @throws Error naming the first object in which the two sides differ */
export async function assertSame(near: AdminClient, far: AdminClient, bucket: string): Promise<number> {
  const [here, there] = [await listAll(near, bucket), await listAll(far, bucket)];
  for (const [name, version] of here) {
    if (there.get(name) !== version) {
      throw new Error(`${bucket}/${name} differs: ${version} here, ${there.get(name)} there`);
    }
  }
  if (here.size !== there.size) throw new Error(`${here.size} objects here, ${there.size} there`);
  return here.size;
}

function daemonOptions({ directory, flags }: PairOptions, name: string) {
  return { dataDirectory: path.join(directory, name), name, ...(flags === undefined ? {} : { flags }) };
}
