/** The connections of the admin API: which are busy, what happens to one that does not speak HTTP, and draining all of them. */
import type { Server, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ErrorBody } from "../../api/wire.ts";
import type { Clock } from "../../base/clock.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { markBroken } from "./object/body.ts";
import { errorBody } from "./respond.ts";

const DRAIN_POLL_MS = 25;

export class Connections {
  readonly #clock: Clock;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** The newest answer that is under way on a socket. */
  readonly #busy = new Map<Socket, ServerResponse>();
  readonly #refused = new WeakSet<Socket>();
  #isDraining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  watch(server: Server): void {
    this.#servers.push(server);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("clientError", (error, socket) => this.#refuse(error, socket as Socket));
  }

  began(socket: Socket, response: ServerResponse): void {
    this.#busy.set(socket, response);
    response.once("close", () => {
      if (this.#busy.get(socket) === response) this.#busy.delete(socket);
    });
  }

  /** Stops listening, closes idle connections, waits for the busy ones for at most `drainMs`, then cuts them. */
  async drain(drainMs: number): Promise<void> {
    this.#isDraining = true;
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    const untilMs = this.#clock.monotonicMs() + drainMs;
    while (this.#busy.size > 0 && this.#clock.monotonicMs() < untilMs) await this.#clock.sleep(DRAIN_POLL_MS);
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  /** What came is not HTTP: tells so when nothing else is being told, and closes. */
  #refuse(error: Error, socket: Socket): void {
    // Every further piece of the garbage comes here again.
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    markBroken(socket);
    const underWay = this.#busy.get(socket);
    if (underWay?.req.complete === true && !underWay.writableFinished && socket.writable) {
      underWay.once("close", () => socket.destroy());
      return;
    }
    // A body that broke off ends its request here; nobody waits for an answer to half a request.
    if (underWay?.req.complete === false || !socket.writable || systemCode(error) === "ECONNRESET") {
      socket.destroy();
      return;
    }
    socket.end(refusal(error), () => socket.destroy());
  }
}

function refusal(error: Error): string {
  const [status, refused] = refusalOf(systemCode(error));
  const body: { readonly error: ErrorBody } = errorBody(refused);
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
    "",
    text,
  ].join("\r\n");
}

function refusalOf(code: string | undefined): readonly [status: number, error: EfsError] {
  if (code === "HPE_HEADER_OVERFLOW")
    return [431, new EfsError("LIMIT", "the request line and headers are too long")];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return [408, new EfsError("TIMEOUT", "the request did not come in time")];
  return [
    400,
    new EfsError("BAD_REQUEST", "what came is not an HTTP request", { details: { cause: code ?? "" } }),
  ];
}
