/** Dialling and listening, passed in so that a whole link can run over a simulated network. `tcpNetwork` is the real one. */
import net from "node:net";
import type { Duplex } from "node:stream";
import { EfsError, toEfsError } from "../../base/errors.ts";
import { type Endpoint, formatEndpoint } from "./settings.ts";

export interface Listening {
  /** `host:port` that is really bound. */
  readonly address: string;
  /** Stops accepting; connections that stand are left alone. */
  close(): Promise<void>;
}

export interface Network {
  /** @throws CONNECT_REFUSED, TIMEOUT, CONNECT_LOST, CANCELLED */
  dial(endpoint: Endpoint, signal: AbortSignal): Promise<Duplex>;
  /** @throws IN_USE, DENIED, BAD_VALUE … when it cannot bind */
  listen(endpoint: Endpoint, onConnection: (stream: Duplex, address: string) => void): Promise<Listening>;
}

export const tcpNetwork: Network = {
  dial: (endpoint, signal) =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
      const abort = () => {
        socket.destroy();
        reject(new EfsError("CANCELLED", "the attempt was given up"));
      };
      signal.addEventListener("abort", abort, { once: true });
      socket.once("connect", () => {
        signal.removeEventListener("abort", abort);
        socket.removeAllListeners("error");
        resolve(socket);
      });
      socket.once("error", (cause) => {
        signal.removeEventListener("abort", abort);
        socket.destroy();
        reject(connectError(endpoint, cause));
      });
      if (signal.aborted) abort();
    }),
  listen: (endpoint, onConnection) =>
    new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true }, (socket) => {
        onConnection(socket, `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`);
      });
      server.once("error", (cause) => reject(bindError(endpoint, cause)));
      server.listen({ host: endpoint.host, port: endpoint.port, exclusive: true }, () => {
        server.removeAllListeners("error");
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : endpoint.port;
        resolve({
          address: formatEndpoint({ host: endpoint.host, port }),
          close: () => new Promise((done) => server.close(() => done())),
        });
      });
    }),
};

function connectError(endpoint: Endpoint, cause: Error): EfsError {
  const known = toEfsError(cause);
  const code = known.code === "INTERNAL" || known.code === "FILE_NOT_FOUND" ? "CONNECT_REFUSED" : known.code;
  return new EfsError(code, `cannot connect to ${formatEndpoint(endpoint)}: ${cause.message}`, { cause });
}

function bindError(endpoint: Endpoint, cause: Error & { code?: string }): EfsError {
  const code = cause.code === "EADDRINUSE" ? "IN_USE" : toEfsError(cause).code;
  return new EfsError(code, `cannot listen on ${formatEndpoint(endpoint)}: ${cause.message}`, { cause });
}
