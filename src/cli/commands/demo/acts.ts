/** What happens in the demo, act by act. Each act shows its commands, runs them, waits for the far side and says what it took. */
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { EfsError } from "../../../base/errors.ts";
import { formatDuration, formatSize } from "../../../base/units.ts";
import type { Session } from "../../session.ts";
import { quoted, type Shell } from "./shell.ts";
import { countFiles, type Source } from "./tree.ts";
import { countersOf, type Pair, type Sent, since, waitForBucket, waitForObject } from "./watch.ts";

export const BUCKET = "Hawaii/Cola/bk1";
export const COPY = "Hawaii/Cola/bk1-copy";
export const LARGE = "large.bin";
const LARGE_BYTES = 100_000_000;
const CHANGED_OFFSET = 50_000_000;

export interface Scene {
  readonly session: Session;
  readonly shell: Shell;
  readonly pair: Pair;
}

/** A bucket at hawaii, nothing at remote, and a link between them. */
export async function link({ shell }: Scene): Promise<void> {
  const port = await freePort();
  await shell.say("\n# A bucket at the one side, and a link to the other.");
  await shell.type("efscli --endpoint $HAWAII cluster create Hawaii");
  await shell.type("efscli --endpoint $HAWAII tenant create Hawaii/Cola");
  await shell.type(`efscli --endpoint $HAWAII bucket create ${BUCKET}`);
  await shell.type("head -c 24 /dev/urandom | base64 > $D/link.key && chmod 600 $D/link.key");
  await shell.type(
    `efscli --endpoint $REMOTE service add isgw hawaii-r --direction receive --listen 127.0.0.1:${port} --auth-key-file $D/link.key --serve Hawaii/Cola`,
  );
  await shell.type(
    `efscli --endpoint $HAWAII service add isgw hawaii --direction send --remote ccow://127.0.0.1:${port} --replication initial+continuous --auth-key-file $D/link.key --serve ${BUCKET} --interval 100ms`,
  );
}

/** Real files in at one side, until the other has them. */
export async function fill({ session, shell, pair }: Scene, sources: readonly Source[]): Promise<void> {
  await shell.say(
    `\n# ${countFiles(sources)} real files put at hawaii; the link carries them to remote meanwhile.`,
  );
  for (const { directory, prefix } of sources) {
    await shell.type(
      `efscli --endpoint $HAWAII object put -r ${quoted(directory)} ${quoted(`${BUCKET}/${prefix}`)}`,
    );
  }
  const waitedMs = await waitForBucket(session, pair, BUCKET);
  const { objectCount, sizeBytes } = await pair.remote.showBucket(BUCKET);
  await shell.say(
    `  remote holds ${objectCount} objects, ${formatSize(sizeBytes)}, ${formatDuration(waitedMs)} after the last put.`,
  );
}

/** One byte of a large object changes; what crosses is the piece that it is in. */
export async function change({ session, shell, pair }: Scene): Promise<Sent> {
  await shell.say("\n# A large object, then one byte of it changed.");
  await shell.type(`head -c ${LARGE_BYTES} /dev/urandom > $D/${LARGE}`);
  const put = `efscli --endpoint $HAWAII object put ${BUCKET}/${LARGE} $D/${LARGE}`;
  await shell.type(put);
  const firstMs = await waitForObject(session, pair, BUCKET, LARGE);
  await shell.say(`  there ${formatDuration(firstMs)} after the put.`);
  const byte = await anotherByte(path.join(shell.directory, LARGE));
  await shell.type(`printf ${byte} | dd of=$D/${LARGE} bs=1 seek=${CHANGED_OFFSET} conv=notrunc status=none`);
  const before = await countersOf(pair);
  await shell.type(put);
  await waitForObject(session, pair, BUCKET, LARGE);
  const sent = since(before, await countersOf(pair));
  await shell.say(
    `  ${sent.chunks} data chunk${sent.chunks === 1 ? "" : "s"} crossed: ${formatSize(sent.bytesSent)} sent for a change in ${formatSize(LARGE_BYTES)}.`,
  );
  return sent;
}

/** The bucket under another name: the far side has the content already. */
export async function copy({ session, shell, pair }: Scene): Promise<Sent> {
  await shell.say("\n# The whole bucket under another name.");
  await shell.type(`efscli --endpoint $HAWAII bucket create ${COPY}`);
  await shell.type(`efscli --endpoint $HAWAII service serve hawaii ${COPY}`);
  const before = await countersOf(pair);
  await shell.type(`efscli --endpoint $HAWAII object copy -r ${BUCKET} ${COPY}`);
  await waitForBucket(session, pair, COPY);
  const sent = since(before, await countersOf(pair));
  const { objectCount } = await pair.remote.showBucket(COPY);
  await shell.say(
    `  ${objectCount} objects under the new name at remote: ${sent.chunks} data chunks, ${formatSize(sent.bytesSent)} of names and manifests sent.`,
  );
  return sent;
}

/** What `show` says of all this. */
export async function show({ shell }: Scene): Promise<void> {
  await shell.say("");
  await shell.type("efscli --endpoint $HAWAII service show hawaii -s");
}

/** A letter that is not the byte that is there. */
async function anotherByte(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, CHANGED_OFFSET);
    return buffer[0] === "x".charCodeAt(0) ? "y" : "x";
  } finally {
    await handle.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string")
    throw new EfsError("UNAVAILABLE", "no free port on loopback");
  return address.port;
}
