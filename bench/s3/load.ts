/**
 * The one load generator of `bench s3`: prepared requests over kept connections, each with one request under way, answers read by their
 * length. Plain sockets, so that the client takes as little of the two processors as it can.
 */
import { connect, type Socket } from "node:net";

/** All bytes of a request, ready to be written. */
export interface PreparedRequest {
  readonly head: Buffer;
  readonly body: Buffer | undefined;
}

export interface LoadResult {
  readonly wallMs: number;
  readonly count: number;
  /** Milliseconds from the first byte written to the last byte read. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesRead: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly inFlight: number;
  readonly requests: readonly PreparedRequest[];
  /** Bodies of answers are as long as this. */
  readonly expectBytes?: number | undefined;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  let bytesRead = 0;
  const connections = await Promise.all(
    Array.from({ length: Math.min(options.inFlight, options.requests.length) }, () =>
      Connection.open(options.port),
    ),
  );
  const startMs = performance.now();
  try {
    await Promise.all(
      connections.map(async (connection) => {
        for (;;) {
          const request = options.requests[next];
          next += 1;
          if (request === undefined) return;
          const sentMs = performance.now();
          const answer = await connection.exchange(request);
          latencies.push(performance.now() - sentMs);
          bytesRead += answer.bodyBytes;
          const isRight = answer.status >= 200 && answer.status < 300;
          const isWhole = options.expectBytes === undefined || answer.bodyBytes === options.expectBytes;
          if (!isRight || !isWhole) throw new Error(`answered ${answer.status}: ${answer.text}`);
        }
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
  const wallMs = performance.now() - startMs;
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { wallMs, count: latencies.length, p50Ms: at(0.5) ?? 0, p99Ms: at(0.99) ?? 0, bytesRead };
}

interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
  /** The beginning of the body, for errors. */
  readonly text: string;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

class Connection {
  readonly #socket: Socket;
  #head: Buffer = Buffer.alloc(0);
  #status = 0;
  /** Bytes of the body still to come; undefined: the head is not complete. */
  #restBytes: number | undefined;
  #isChunked = false;
  #bodyBytes = 0;
  #text = "";
  #done: ((answer: Answer) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", (error) => this.#fail?.(error));
    socket.on("close", () => this.#fail?.(new Error("the server closed the connection")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  exchange({ head, body }: PreparedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
      this.#socket.cork();
      this.#socket.write(head);
      if (body !== undefined) this.#socket.write(body);
      this.#socket.uncork();
    });
  }

  close(): void {
    this.#fail = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#restBytes === undefined) {
      this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return;
      const head = this.#head.subarray(0, end).toString("latin1");
      const rest = this.#head.subarray(end + HEAD_END.length);
      this.#status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      this.#isChunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head);
      this.#restBytes = Number(length ?? 0);
      this.#bodyBytes = 0;
      this.#text = "";
      this.#head = Buffer.alloc(0);
      this.#takeBody(rest);
    } else this.#takeBody(bytes);
  }

  #takeBody(bytes: Buffer): void {
    this.#bodyBytes += bytes.length;
    this.#restBytes = (this.#restBytes ?? 0) - bytes.length;
    if (this.#status >= 300) this.#text += bytes.toString("latin1").slice(0, 500);
    const isDone = this.#isChunked ? bytes.subarray(-5).equals(LAST_CHUNK) : this.#restBytes <= 0;
    if (!isDone) return;
    this.#restBytes = undefined;
    this.#done?.({ status: this.#status, bodyBytes: this.#bodyBytes, text: this.#text });
  }
}
