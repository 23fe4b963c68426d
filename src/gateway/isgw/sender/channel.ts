/** One offered bucket on one connection, as the sender sees it: waits for the receiver's answer, ends once. */
import { EfsError, isErrorCode } from "../../../base/errors.ts";
import { escapeName } from "../../../model/names.ts";
import type { FrameConnection } from "../link/connection.ts";
import { FRAME } from "../wire/frame.ts";
import { decodeClosed, decodeOpened, encodeOpen, type Open, type Opened } from "../wire/messages.ts";

/** What the receiver closed a bucket with. */
export class RemoteError extends EfsError {}

export class Channel {
  readonly number: number;
  readonly path: string;
  readonly #ending = new AbortController();
  #answer: ((opened: Opened) => void) | undefined;
  #error: EfsError | undefined;

  constructor(number: number, path: string) {
    this.number = number;
    this.path = path;
  }

  /** Aborts when the channel is over. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Why the receiver closed it; undefined when the connection ended, or nothing has. */
  get error(): EfsError | undefined {
    return this.#error;
  }

  /** Resolves with the receiver's answer. @throws RemoteError, CONNECT_LOST */
  async offer(connection: FrameConnection, open: Open): Promise<Opened> {
    const answer = new Promise<Opened>((resolve, reject) => {
      this.#answer = resolve;
      const fail = () => reject(this.#error ?? new EfsError("CONNECT_LOST", "the connection was closed"));
      if (this.signal.aborted) fail();
      else this.signal.addEventListener("abort", fail, { once: true });
    });
    // Sending may fail first; the answer's failure is then nobody's.
    answer.catch(() => undefined);
    await connection.send({
      type: FRAME.OPEN,
      exchange: this.number,
      body: encodeOpen(open),
      isPackable: true,
    });
    return answer;
  }

  /** Takes OPENED. @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
  opened(body: Uint8Array): void {
    const answer = this.#answer;
    if (answer === undefined) throw new EfsError("PROTOCOL", "the receiver opened what was not offered");
    this.#answer = undefined;
    answer(decodeOpened(body));
  }

  /** Takes CLOSED. @throws TRUNCATED, RECORD_CORRUPT */
  closed(body: Uint8Array): void {
    const closed = decodeClosed(body);
    const code = isErrorCode(closed.code) ? closed.code : "UNAVAILABLE";
    this.#error = new RemoteError(code, escapeName(closed.message));
  }

  end(): void {
    this.#ending.abort();
  }
}
