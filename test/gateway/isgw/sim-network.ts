/**
 * A network in memory with a seed: connections split what is written at random places, may delay it, and are cut after a
 * random number of bytes. No sockets, so a run needs nothing of the machine.
 */
import { Duplex } from "node:stream";
import { systemClock } from "../../../src/base/clock.ts";
import { EfsError } from "../../../src/base/errors.ts";
import type { Random } from "../../../src/base/random.ts";
import type { Network } from "../../../src/gateway/isgw/network.ts";
import { formatEndpoint } from "../../../src/gateway/isgw/settings.ts";

export interface SimOptions {
  readonly random: Random;
  /** One way, in ms. */
  readonly delayMs?: number;
  /** Bytes (both directions together) after which a connection is cut; undefined: never. */
  cutAfter?: (() => number | undefined) | undefined;
}

export class SimNetwork implements Network {
  readonly #options: SimOptions;
  readonly #listeners = new Map<string, (stream: Duplex, address: string) => void>();
  readonly #open = new Set<() => void>();
  #nextPort = 20_000;
  /** No dial succeeds and nothing more gets through. */
  isDown = false;
  bytes = 0;
  connections = 0;
  cuts = 0;

  constructor(options: SimOptions) {
    this.#options = options;
  }

  set cutAfter(cutAfter: (() => number | undefined) | undefined) {
    this.#options.cutAfter = cutAfter;
  }

  cutAll(): void {
    for (const cut of [...this.#open]) cut();
  }

  async dial(endpoint: { host: string; port: number }): Promise<Duplex> {
    const accept = this.#listeners.get(formatEndpoint(endpoint));
    if (accept === undefined || this.isDown) throw new EfsError("CONNECT_REFUSED", "nobody listens");
    this.connections += 1;
    let left = this.#options.cutAfter?.() ?? Number.POSITIVE_INFINITY;
    const near = new Half();
    const far = new Half();
    const cut = () => {
      if (!this.#open.delete(cut)) return;
      this.cuts += 1;
      near.destroy();
      far.destroy();
    };
    this.#open.add(cut);
    const carry = (to: Half) => async (bytes: Uint8Array) => {
      const delayMs = this.#options.delayMs ?? 0;
      let at = 0;
      while (at < bytes.length) {
        const some = Math.min(
          bytes.length - at,
          1 + Math.floor(this.#options.random.fraction() ** 2 * 65_536),
        );
        const passed = Math.min(some, left);
        left -= passed;
        this.bytes += passed;
        const part = Buffer.from(bytes.subarray(at, at + passed));
        if (delayMs > 0) void systemClock.sleep(delayMs).then(() => to.deliver(part));
        else to.deliver(part);
        if (passed < some || left <= 0) return cut();
        at += some;
      }
    };
    near.carry = carry(far);
    far.carry = carry(near);
    near.onEnd = () => void systemClock.sleep(this.#options.delayMs ?? 0).then(() => far.deliver(null));
    far.onEnd = () => void systemClock.sleep(this.#options.delayMs ?? 0).then(() => near.deliver(null));
    near.once("close", () => this.#open.delete(cut));
    setImmediate(() => accept(far, "sim:1"));
    return near;
  }

  async listen(
    endpoint: { host: string; port: number },
    onConnection: (stream: Duplex, address: string) => void,
  ) {
    const port = endpoint.port === 0 ? this.#nextPort++ : endpoint.port;
    const address = formatEndpoint({ host: endpoint.host, port });
    if (this.#listeners.has(address)) throw new EfsError("IN_USE", "the address is taken");
    this.#listeners.set(address, onConnection);
    return {
      address,
      close: async () => {
        this.#listeners.delete(address);
      },
    };
  }
}

class Half extends Duplex {
  carry: (bytes: Uint8Array) => Promise<void> = async () => {};
  onEnd: () => void = () => {};
  #room: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false, highWaterMark: 64 * 1024 });
    this.on("error", () => undefined);
  }

  deliver(bytes: Buffer | null): void {
    if (!this.destroyed && !this.readableEnded) this.push(bytes);
  }

  override _read(): void {
    this.#room?.();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.carry(bytes).then(() => setImmediate(done));
  }

  override _final(done: () => void): void {
    this.onEnd();
    done();
  }
}
