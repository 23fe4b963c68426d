/**
 * A counting TCP relay on loopback. Owns: forwarding bytes between a client and a target, counting them in each direction
 * (independently of any counter of the programs that are measured), an optional delay per direction that keeps order and
 * throughput, and cutting connections at an exact byte. Bytes are counted when they are handed on, so that what a cut
 * swallowed is not counted.
 */
import { createServer, connect as netConnect, type Server, type Socket } from "node:net";

export interface RelayOptions {
  readonly targetHost?: string;
  readonly targetPort: number;
  /** One way; a round trip takes twice as long. 0 when undefined. */
  readonly delayMs?: number;
  /** Port to listen on; any free one when undefined. */
  readonly port?: number;
}

export interface RelayCounts {
  /** From the client to the target. */
  readonly toTargetBytes: number;
  readonly fromTargetBytes: number;
  readonly totalBytes: number;
  readonly connectionCount: number;
}

/** What waits in one delayed direction of one connection; beyond it the reader is paused. */
const DELAYED_BYTES_MAX = 128 * 1024 * 1024;

type Direction = "toTarget" | "fromTarget";

export class Relay {
  readonly #server: Server;
  readonly #options: RelayOptions;
  readonly #sockets = new Set<Socket>();
  #targetPort: number;
  #delayMs: number;
  #counted: Record<Direction, number> = { toTarget: 0, fromTarget: 0 };
  #connectionCount = 0;
  #isOpen = true;
  #budget: { remainingBytes: number; readonly reached: () => void } | undefined;

  private constructor(server: Server, options: RelayOptions) {
    this.#server = server;
    this.#options = options;
    this.#targetPort = options.targetPort;
    this.#delayMs = options.delayMs ?? 0;
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const relay = new Relay(server, options);
    server.on("connection", (client) => relay.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the relay is closed");
    return address.port;
  }

  counts(): RelayCounts {
    const { toTarget, fromTarget } = this.#counted;
    return {
      toTargetBytes: toTarget,
      fromTargetBytes: fromTarget,
      totalBytes: toTarget + fromTarget,
      connectionCount: this.#connectionCount,
    };
  }

  /** Where new connections go. */
  set targetPort(port: number) {
    this.#targetPort = port;
  }

  /** One way, for bytes that arrive from now on. */
  set delayMs(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** While closed, new connections are reset at once. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen;
  }

  /** Resets every connection now; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  /**
   * Hands on `bytes` more (both directions together), then resets every connection in the middle of whatever it carries.
   * Resolves when that has happened; a second call replaces the first, which then never resolves.
   */
  cutAfter(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#budget = { remainingBytes: bytes, reached: resolve };
    });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (!this.#isOpen) {
      client.resetAndDestroy();
      return;
    }
    this.#connectionCount += 1;
    const target = netConnect({
      host: this.#options.targetHost ?? "127.0.0.1",
      port: this.#targetPort,
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.resetAndDestroy());
      socket.on("close", (hadError) => {
        this.#sockets.delete(socket);
        if (hadError) other.resetAndDestroy();
      });
    }
    this.#forward(client, target, "toTarget");
    this.#forward(target, client, "fromTarget");
  }

  /** Bytes of one direction wait in `queue` until they are due; without a delay they are handed on at once. */
  #forward(from: Socket, to: Socket, direction: Direction): void {
    const queue: Array<{ readonly bytes: Buffer | undefined; readonly dueMs: number }> = [];
    let head = 0;
    let queuedBytes = 0;
    let timer: NodeJS.Timeout | undefined;

    const drain = () => {
      timer = undefined;
      while (head < queue.length && !to.destroyed) {
        const next = queue[head];
        if (next === undefined) break;
        const waitMs = next.dueMs - performance.now();
        if (waitMs > 0) {
          timer = setTimeout(drain, waitMs);
          break;
        }
        head += 1;
        queuedBytes -= next.bytes?.length ?? 0;
        if (next.bytes === undefined) to.end();
        else this.#hand(next.bytes, to, direction);
      }
      if (head > 1024) {
        queue.splice(0, head);
        head = 0;
      }
      if (from.isPaused() && queuedBytes < DELAYED_BYTES_MAX / 2) from.resume();
    };
    const enqueue = (bytes: Buffer | undefined) => {
      queue.push({ bytes, dueMs: performance.now() + this.#delayMs });
      queuedBytes += bytes?.length ?? 0;
      if (queuedBytes > DELAYED_BYTES_MAX) from.pause();
      if (timer === undefined) drain();
    };

    from.on("data", (bytes) => {
      if (this.#delayMs > 0 || head < queue.length) return enqueue(bytes);
      if (!this.#hand(bytes, to, direction)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
    from.on("end", () => {
      if (this.#delayMs > 0 || head < queue.length) enqueue(undefined);
      else to.end();
    });
    to.on("close", () => clearTimeout(timer));
  }

  /** Hands bytes on, as many as the budget of `cutAfter` allows. False when the receiver should drain first. */
  #hand(bytes: Buffer, to: Socket, direction: Direction): boolean {
    if (to.destroyed) return true;
    const budget = this.#budget;
    if (budget === undefined || bytes.length <= budget.remainingBytes) {
      if (budget !== undefined) budget.remainingBytes -= bytes.length;
      this.#counted[direction] += bytes.length;
      return to.write(bytes);
    }
    this.#budget = undefined;
    const allowed = bytes.subarray(0, budget.remainingBytes);
    this.#counted[direction] += allowed.length;
    to.write(allowed, () => {
      this.cut();
      budget.reached();
    });
    return true;
  }
}
