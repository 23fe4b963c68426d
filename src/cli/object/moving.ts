/** Progress of one object on its way, shown on a terminal: how much has moved, of how much, how fast. */
import { size } from "../output/cell.ts";
import type { Session } from "../session.ts";

type Body = AsyncIterable<Uint8Array>;

export interface Moving {
  readonly what: string;
  /** undefined: nobody knows before the end. */
  readonly totalBytes: number | undefined;
}

/** Runs `work` with a way to watch a body; the progress line goes when it ends. */
export async function whileMoving<T>(
  session: Session,
  { what, totalBytes }: Moving,
  work: (watched: (body: Body) => Body) => Promise<T>,
): Promise<T> {
  const startMs = session.clock.monotonicMs();
  let movedBytes = 0;
  const line = () => {
    const seconds = Math.max(0.001, (session.clock.monotonicMs() - startMs) / 1000);
    const total = totalBytes === undefined ? "" : ` of ${size(totalBytes).shown}`;
    return `${what} ${size(movedBytes).shown}${total}, ${size(Math.round(movedBytes / seconds)).shown}/s`;
  };
  const progress = await session.talk.progress(line);
  async function* counting(body: Body): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      yield piece;
      movedBytes += piece.length;
    }
  }
  try {
    return await work(counting);
  } finally {
    progress.stop();
  }
}
