/** HTTP by hand over a Unix socket or TCP: whatever bytes a test wants to send, and what came back. */
import { connect, type TcpSocketConnectOpts } from "node:net";

/** A socket file, or a TCP address. */
export type Place = string | TcpSocketConnectOpts;

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** One request on a connection of its own; the answer when the server has closed it. */
export async function rawRequest(
  socket: Place,
  { method, target, headers = {}, body = "" }: RawRequest,
): Promise<RawAnswer> {
  const lines = Object.entries({ host: "efsd", connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const answers = parseAnswers(
    await exchange(socket, [`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`]),
  );
  const [answer] = answers;
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

export interface ExchangeOptions {
  /** Ends our side of the connection after the last piece. */
  readonly isEnding?: boolean;
  /** Cuts the connection after the last piece was taken, without waiting for an answer. */
  readonly isCutting?: boolean;
}

/** Sends pieces one after another; resolves with all that came back when the connection is closed. */
export function exchange(
  socket: Place,
  pieces: ReadonlyArray<string | Uint8Array>,
  options: ExchangeOptions = {},
): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const connection = typeof socket === "string" ? connect(socket) : connect(socket);
    connection.on("data", (part) => parts.push(part));
    connection.on("error", () => {});
    connection.on("close", () => resolve(Buffer.concat(parts).toString("latin1")));
    connection.on("connect", async () => {
      for (const piece of pieces) {
        await new Promise<void>((written) => connection.write(piece, () => written()));
      }
      if (options.isCutting === true) connection.destroy();
      else if (options.isEnding === true) connection.end();
    });
  });
}

/** Answers with a content-length, one after another. */
export function parseAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest.startsWith("HTTP/1.1 ")) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) break;
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n");
    const status = Number(first.split(" ")[1]);
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    const length = Number(headers["content-length"] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    rest = status === 100 ? rest.slice(end + 4) : rest.slice(end + 4 + length);
    if (status !== 100) answers.push({ status, headers, body });
  }
  return answers;
}
