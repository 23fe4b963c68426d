/** `/health` on the gateway's port: 200 while the segment takes writes, 503 with words when it does not. Asks for no signature and tells nothing else. */
import type { Clock } from "../../base/clock.ts";
import type { Segment } from "../../segment/segment.ts";
import type { S3Request, S3Response } from "./action.ts";

const FRESH_MS = 1000;

const known = new WeakMap<Segment, { readonly atMs: number; readonly isWritable: boolean }>();

/** A bucket called `health` is reached by every signed request, or with a slash behind it. */
export function isHealthRequest(
  request: Pick<S3Request, "method" | "headers"> & { readonly target: string },
): boolean {
  if (request.target !== "/health" || request.headers.has("authorization")) return false;
  return request.method === "GET" || request.method === "HEAD";
}

export async function health(segment: Segment, clock: Clock): Promise<S3Response> {
  const nowMs = clock.monotonicMs();
  let state = known.get(segment);
  if (state === undefined || nowMs - state.atMs > FRESH_MS) {
    const { isWritable } = await segment.usage();
    state = { atMs: nowMs, isWritable };
    known.set(segment, state);
  }
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
  return state.isWritable
    ? { status: 200, headers, body: "ok\n" }
    : { status: 503, headers, body: "the segment takes no writes: no space is left, or its disk failed\n" };
}
