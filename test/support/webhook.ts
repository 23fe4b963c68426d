/** A webhook for tests: a real HTTP receiver that keeps what it was sent and answers as it is told. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedEvent {
  readonly eventName: string;
  readonly eventSource: string;
  readonly eventTime: string;
  readonly awsRegion: string;
  readonly s3: {
    readonly configurationId: string;
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly versionId?: string;
      readonly sequencer: string;
    };
  };
}

export interface Webhook {
  readonly url: URL;
  /** Of posts that were answered 200. */
  readonly events: ReceivedEvent[];
  /** All posts, answered or not. */
  readonly posts: number;
  /** The header Authorization of the last post. */
  readonly authorization: string | undefined;
  /** What posts are answered from now on; "silence": never. */
  answer: number | "silence";
  close(): Promise<void>;
}

/** `port` 0: any. */
export async function startWebhook(port = 0): Promise<Webhook> {
  const events: ReceivedEvent[] = [];
  const silent = new Set<ServerResponse>();
  const state = {
    answer: 200 as number | "silence",
    posts: 0,
    authorization: undefined as string | undefined,
  };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    state.posts += 1;
    state.authorization = request.headers.authorization;
    if (state.answer === "silence") {
      silent.add(response);
      return;
    }
    if (state.answer === 200) events.push(...JSON.parse(Buffer.concat(pieces).toString()).Records);
    response.writeHead(state.answer, { location: "/elsewhere" }).end("thanks");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=1`),
    events,
    get posts() {
      return state.posts;
    },
    get authorization() {
      return state.authorization;
    },
    get answer() {
      return state.answer;
    },
    set answer(answer) {
      state.answer = answer;
    },
    close: async () => {
      for (const response of silent) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
