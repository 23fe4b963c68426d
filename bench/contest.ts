/**
 * One round of replication for each contestant on the same live tree and image: rsync to its daemon, and a put with a link between two
 * segments. Both go through a counting relay; a step is measured from its command until the far side has it durably.
 */
import { rm } from "node:fs/promises";
import path from "node:path";
import { Limiter } from "../src/base/limiter.ts";
import { efscliOk, waitFor } from "./daemon.ts";
import { Relay } from "./relay.ts";
import { RsyncDaemon, rsyncPush } from "./rsync.ts";
import { assertSame, BUCKET, listAll, SegmentPair, TENANT } from "./segment-pair.ts";
import { UsageMeter } from "./usage.ts";

export const STEPS = [
  "tree initial",
  "tree unchanged",
  "tree 1 % edited",
  "tree copied",
  "directory renamed",
  "image initial",
  "image 100 overwrites",
  "image 100 insertions",
  "image 1 % appended",
] as const;
export type Step = (typeof STEPS)[number];

export interface Measured {
  readonly wallMs: number;
  /** Of `wallMs`, what the put took before the link began (0 where they overlap). */
  readonly putMs: number;
  readonly linkBytes: number;
  readonly toFarBytes: number;
  readonly cpuMs: number;
  readonly rssAnonBytesMax: number;
  /** By the link's own counter; undefined for rsync. */
  readonly dataChunksSent?: number;
}

export interface Contestant {
  run(step: Step): Promise<Measured>;
  stop(): Promise<void>;
}

export interface Live {
  /** Of this contestant alone, for daemons and data. */
  readonly directory: string;
  readonly tree: string;
  readonly image: string;
}

const STEP_MS_MAX = 600_000;
const COPIES_IN_FLIGHT = 16;

export class RsyncContestant implements Contestant {
  readonly #live: Live;
  readonly #daemon: RsyncDaemon;
  readonly #relay: Relay;

  private constructor(live: Live, daemon: RsyncDaemon, relay: Relay) {
    this.#live = live;
    this.#daemon = daemon;
    this.#relay = relay;
  }

  static async start(live: Live): Promise<RsyncContestant> {
    const daemon = await RsyncDaemon.start(live.directory, path.join(live.directory, "copy"));
    return new RsyncContestant(live, daemon, await Relay.open({ targetPort: daemon.port }));
  }

  async run(step: Step): Promise<Measured> {
    const isImage = step.startsWith("image");
    const source = isImage ? this.#live.image : `${this.#live.tree}/`;
    const target = isImage ? "image" : step === "tree copied" ? "second/" : "first/";
    await this.#daemon.settle();
    const before = this.#relay.counts();
    const meter = new UsageMeter([this.#daemon.pid]);
    const startMs = performance.now();
    await rsyncPush(this.#relay.port, source, target);
    const wallMs = performance.now() - startMs;
    await this.#daemon.settle();
    const usage = meter.stop();
    const after = this.#relay.counts();
    return {
      wallMs,
      putMs: 0,
      linkBytes: after.totalBytes - before.totalBytes,
      toFarBytes: after.toTargetBytes - before.toTargetBytes,
      ...usage,
    };
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#relay.close();
    await rm(this.#live.directory, { recursive: true, force: true });
  }
}

export class EfsContestant implements Contestant {
  readonly #live: Live;
  readonly #pair: SegmentPair;

  private constructor(live: Live, pair: SegmentPair) {
    this.#live = live;
    this.#pair = pair;
  }

  static async start(live: Live): Promise<EfsContestant> {
    const pair = await SegmentPair.start({ directory: live.directory });
    await pair.createBucket();
    return new EfsContestant(live, pair);
  }

  async run(step: Step): Promise<Measured> {
    const pair = this.#pair;
    // The initial copy is measured from the link's making; the tree is stored at the near side before.
    const putStartMs = performance.now();
    if (step === "tree initial") await this.#change(step);
    const putMs = step === "tree initial" ? performance.now() - putStartMs : 0;
    if (step === "tree initial") await pair.addReceiver({ serve: [TENANT] });

    const before = pair.relay.counts();
    const chunksBefore = step === "tree initial" ? 0 : await this.#dataChunksSent();
    const meter = new UsageMeter([pair.near.pid, pair.far.pid]);
    const startMs = performance.now();
    const bucket = step === "tree copied" ? `${TENANT}/copy` : BUCKET;
    if (step === "tree initial") await pair.addSender({ serve: [TENANT] });
    else await this.#change(step);
    if (step === "tree initial") await pair.waitUntilEqual(bucket, STEP_MS_MAX);
    else await pair.waitForSentinel(bucket, STEP_MS_MAX);
    const wallMs = performance.now() - startMs;
    const usage = meter.stop();
    const after = pair.relay.counts();
    await assertSame(pair.near.api, pair.far.api, bucket);
    await this.#settle();
    return {
      wallMs,
      putMs,
      linkBytes: after.totalBytes - before.totalBytes,
      toFarBytes: after.toTargetBytes - before.toTargetBytes,
      ...usage,
      dataChunksSent: (await this.#dataChunksSent()) - chunksBefore,
    };
  }

  async stop(): Promise<void> {
    await this.#pair.stop();
    await rm(this.#live.directory, { recursive: true, force: true });
  }

  async #change(step: Step): Promise<void> {
    const endpoint = this.#pair.near.endpoint;
    if (step === "tree copied") return this.#copyBucket();
    if (step.startsWith("image")) {
      await efscliOk(["object", "put", `${BUCKET}/image`, this.#live.image], { endpoint });
      return;
    }
    const words = [
      "object",
      "put",
      "-r",
      "--delete",
      "--max-delete",
      "100%",
      this.#live.tree,
      `${BUCKET}/tree`,
    ];
    await efscliOk(words, { endpoint });
  }

  /** Every object of the tree under the same name in another bucket, by copies without data. */
  async #copyBucket(): Promise<void> {
    const api = this.#pair.near.api;
    await api.createBucket(TENANT, { name: "copy" });
    const limiter = new Limiter(COPIES_IN_FLIGHT);
    const names = [...(await listAll(api, BUCKET)).keys()];
    await Promise.all(
      names.map((name) =>
        limiter.run(() => api.copyObject({ from: `${BUCKET}/${name}`, to: `${TENANT}/copy/${name}` })),
      ),
    );
  }

  async #dataChunksSent(): Promise<number> {
    const { buckets } = await this.#pair.link();
    return buckets.reduce((sum, bucket) => sum + bucket.counters.dataChunksSent, 0);
  }

  /** Late acknowledgements of one step are not to be counted in the next. */
  async #settle(): Promise<void> {
    let last = -1;
    await waitFor(
      "a quiet link",
      30_000,
      async () => {
        const now = this.#pair.relay.counts().totalBytes;
        const isQuiet = now === last;
        last = now;
        return isQuiet;
      },
      150,
    );
  }
}
