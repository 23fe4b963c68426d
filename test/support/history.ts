/**
 * What one writer did to a bucket, and what may be found there afterwards: for each name the last acknowledged content, or that of an
 * attempt behind it whose answer never came. Bodies are made from their seed again, so nothing large is remembered.
 */
import { incompressibleBytes } from "../../bench/text.ts";
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { Random } from "../../src/base/random.ts";

interface Body {
  readonly seed: number;
  readonly sizeBytes: number;
}

export class History {
  readonly #random: Random;
  /** Name to what it may hold; `undefined` among it: it may be absent. */
  readonly #possible = new Map<string, ReadonlyArray<Body | undefined>>();
  #seed = 1;
  acknowledgedCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Puts an object, new or over an old one; each writer has names of its own. False when there was no acknowledgement. */
  async putOne(api: AdminClient, bucket: string, writer: number): Promise<boolean> {
    const name = `object-${writer}-${Math.floor(this.#random.fraction() * 100)}`;
    const body = { seed: this.#seed, sizeBytes: this.#size() };
    this.#seed += 1;
    const before = this.#possible.get(name) ?? [undefined];
    this.#possible.set(name, [...before, body]);
    try {
      await api.putObject(bucket, name, incompressibleBytes(body.seed, body.sizeBytes));
    } catch {
      return false;
    }
    this.#possible.set(name, [body]);
    this.acknowledgedCount += 1;
    return true;
  }

  /** @throws Error naming the first object that holds what it may not */
  async check(api: AdminClient, bucket: string): Promise<void> {
    for (const [name, possible] of this.#possible) {
      const found = await read(api, bucket, name);
      const isPossible = possible.some((body) =>
        body === undefined || found === undefined
          ? body === found
          : incompressibleBytes(body.seed, body.sizeBytes).equals(found),
      );
      if (!isPossible) {
        throw new Error(
          `${bucket}/${name} holds ${found?.length ?? "no"} bytes that are none of ${JSON.stringify(possible)}`,
        );
      }
    }
  }

  /** Mostly small ones, which lie beside their version; some of one chunk, some of many. */
  #size(): number {
    const kind = this.#random.fraction();
    if (kind < 0.6) return Math.floor(this.#random.fraction() * 1024);
    return Math.floor(this.#random.fraction() * (kind < 0.9 ? 60_000 : 1_500_000));
  }
}

async function read(api: AdminClient, bucket: string, name: string): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  try {
    const { body } = await api.getObject(bucket, name);
    for await (const part of body) parts.push(part);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "OBJECT_NOT_FOUND") return undefined;
    throw thrown;
  }
  return Buffer.concat(parts);
}
