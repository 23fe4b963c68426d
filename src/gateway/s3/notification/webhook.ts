/**
 * Posting to a webhook: one connection for each post, no redirects followed, a bounded time and a bounded answer. 2xx is the only yes. What goes
 * wrong is told without the URL, which may hold a password.
 */
import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "../../../base/clock.ts";
import { EfsError, systemCode } from "../../../base/errors.ts";

const POST_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024;

export interface PostOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Resolves when the webhook has acknowledged. @throws UNAVAILABLE, TIMEOUT */
export async function postEvents(url: URL, body: Uint8Array, { clock, signal }: PostOptions): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  let isLate = false;
  const waking = new AbortController();
  const watching = clock.sleep(POST_MS_MAX, waking.signal).then(() => {
    isLate = !waking.signal.aborted;
    if (isLate) end();
  });
  try {
    const status = await posted(url, body, ending.signal);
    if (status >= 200 && status <= 299) return;
    throw new EfsError("UNAVAILABLE", `the webhook answered ${status}`);
  } catch (thrown) {
    if (thrown instanceof EfsError) throw thrown;
    if (isLate) throw new EfsError("TIMEOUT", `the webhook did not answer within ${POST_MS_MAX / 1000} s`);
    throw new EfsError(
      "UNAVAILABLE",
      `the webhook cannot be reached (${systemCode(thrown) ?? "no connection"})`,
    );
  } finally {
    signal.removeEventListener("abort", end);
    waking.abort();
    await watching;
  }
}

/** The status, when the whole answer has come. */
function posted(url: URL, body: Uint8Array, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": body.length, "user-agent": "efsd" },
      agent: false,
      signal,
    };
    const sent = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options, (response) => {
      let sizeBytes = 0;
      response.on("data", (piece: Uint8Array) => {
        sizeBytes += piece.length;
        if (sizeBytes > ANSWER_BYTES_MAX) response.destroy();
      });
      // The status is the acknowledgement; how the rest of the answer ends does not matter.
      response.on("error", () => {});
      response.once("close", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
