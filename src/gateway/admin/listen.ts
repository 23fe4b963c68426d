/** Where the admin API listens: a Unix socket file that only its owner can open, or a TCP address. */
import { lstat, unlink } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { utf8 } from "../../base/bytes.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { type Address, formatAddress } from "./address.ts";

/** `sun_path` of Linux has 108 bytes, a NUL at the end included. */
export const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Listens on a socket file of mode 0600. A socket that is there already is taken for one that a dead daemon left. Returns the function that
 * removes the file.
 * @throws BAD_CONFIG when the path is too long; NOT_EMPTY when something else than a socket is there; errors of the system
 */
export async function listenOnSocketFile(server: Server, path: string): Promise<() => Promise<void>> {
  const sizeBytes = utf8(path).length;
  if (sizeBytes > SOCKET_PATH_BYTES_MAX) {
    throw new EfsError(
      "BAD_CONFIG",
      `the path of the socket has ${sizeBytes} bytes, the system takes ${SOCKET_PATH_BYTES_MAX}: ${path}`,
      { hint: "use a data directory with a shorter path" },
    );
  }
  await removeStaleSocket(path);
  await listening(server, path, () => {
    // Node binds before `listen` returns, so the mask holds for this one file; there is no moment at which others could connect.
    const mask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
  });
  const { ino } = await lstat(path);
  return async () => {
    const now = await lstat(path).catch(() => undefined);
    if (now?.ino === ino) await unlink(path).catch(() => undefined);
  };
}

/** @throws BUSY, BAD_CONFIG, DENIED */
export async function listenOnAddress(server: Server, address: Address): Promise<Address> {
  await listening(server, formatAddress(address), () =>
    server.listen({ host: address.host, port: address.port }),
  );
  return { host: address.host, port: (server.address() as AddressInfo).port };
}

function listening(server: Server, where: string, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, where));
    server.once("error", fail);
    server.once("listening", () => {
      server.off("error", fail);
      // Running out of file descriptors in accept() must not end the daemon.
      server.on("error", () => {});
      resolve();
    });
    begin();
  });
}

function listenError(error: Error, where: string): EfsError {
  const code = systemCode(error);
  if (code === "EADDRINUSE") {
    return new EfsError("BUSY", `${where} is in use already`, {
      hint: "choose another port for --admin-listen",
      cause: error,
    });
  }
  if (code === "EACCES") return new EfsError("DENIED", `not allowed to listen on ${where}`, { cause: error });
  return new EfsError("BAD_CONFIG", `cannot listen on ${where} (${code ?? error.message})`, { cause: error });
}

async function removeStaleSocket(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) {
      throw new EfsError("NOT_EMPTY", `${path} is there and is not a socket`, { hint: "move it away" });
    }
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
