/**
 * The model of s3-model.ts against a real efsd over HTTP, killed by SIGKILL now and then while puts are on their way: what was answered is there, what
 * was not is there whole or not at all.
 */

import { rmSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { systemClock } from "../../src/base/clock.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { startDaemon, type TestDaemon } from "./daemon.ts";
import { type S3Client, s3Client } from "./s3-client.ts";
import { type ModelBucket, type ModelWorld, playAll, type S3Call, steps } from "./s3-model.ts";
import { type S3Service, startS3Service } from "./s3-service.ts";
import { until } from "./until.ts";

const NOISE_BUCKET = "noise";
const NOISE_PUTS = 6;
const NOISE_BYTES_MAX = 1_500_000;
const KILL_AFTER_MS_MAX = 40;
const READY_MS_MAX = 30_000;

export interface S3KillOptions {
  readonly seed: number;
  readonly steps: number;
  /** Each on a bucket of its own. */
  readonly histories: number;
}

export interface S3KillOutcome {
  readonly steps: number;
  readonly kills: number;
  readonly unanswered: number;
}

/** @throws Error with the seed and the step at which service and model differ */
export async function playS3Kills(options: S3KillOptions): Promise<S3KillOutcome> {
  const world = new KilledService(await startS3Service(), seededRandom(options.seed));
  try {
    await world.prepare(NOISE_BUCKET);
    const histories = fc.sample(steps({ count: options.steps, withParts: true }), {
      numRuns: options.histories,
      seed: options.seed,
    });
    for (const [index, history] of histories.entries()) {
      const bucket: ModelBucket = { name: `model-${index}`, versioning: "off", keys: new Map() };
      await world.prepare(bucket.name);
      await playAll(world, bucket, history);
    }
    await world.stop();
    return { steps: options.steps * options.histories, kills: world.kills, unanswered: world.unanswered };
  } catch (thrown) {
    throw new Error(`seed ${options.seed}: ${thrown instanceof Error ? thrown.message : thrown}`, {
      cause: thrown,
    });
  } finally {
    await world.end();
  }
}

class KilledService implements ModelWorld {
  readonly #service: S3Service;
  readonly #random: Random;
  readonly #client: S3Client;
  /** Key to the body that was last answered for. */
  readonly #noise = new Map<string, Uint8Array>();
  #daemon: TestDaemon;
  kills = 0;
  unanswered = 0;

  constructor(service: S3Service, random: Random) {
    this.#service = service;
    this.#random = random;
    this.#daemon = service.daemon;
    this.#client = s3Client(service);
  }

  readonly ask = (call: S3Call) => this.#client.ask(call);

  async prepare(bucket: string): Promise<void> {
    const { status, text } = await this.ask({ method: "PUT", bucket });
    if (status !== 200) throw new Error(`the bucket was answered with ${status}: ${text}`);
  }

  readonly setVersioning = async (bucket: string, versioning: "enabled" | "suspended"): Promise<void> => {
    const word = versioning === "enabled" ? "Enabled" : "Suspended";
    const body = `<VersioningConfiguration><Status>${word}</Status></VersioningConfiguration>`;
    const { status, text } = await this.ask({ method: "PUT", bucket, query: { versioning: "" }, body });
    if (status !== 200) throw new Error(`versioning was answered with ${status}: ${text}`);
  };

  readonly restart = async (): Promise<void> => {
    const puts = Array.from({ length: NOISE_PUTS }, (_, index) => this.#putNoise(`n${index}`));
    await systemClock.sleep(this.#random.fraction() * KILL_AFTER_MS_MAX);
    await this.#daemon.kill();
    this.kills += 1;
    const sent = await Promise.all(puts);
    this.#daemon = await startDaemon({ dataDirectory: path.join(this.#service.directory, "data") });
    await until(() => this.#isReady(), READY_MS_MAX);
    for (const { key, body, isAnswered } of sent) await this.#checkNoise(key, body, isAnswered);
  };

  async stop(): Promise<void> {
    const exit = await this.#daemon.stop();
    if (exit.code !== 0) throw new Error(`efsd ended with ${exit.code ?? exit.signal}: ${exit.stderr}`);
  }

  /** Whatever happened before. */
  async end(): Promise<void> {
    this.#client.close();
    await this.#daemon.kill();
    rmSync(this.#service.directory, { recursive: true, force: true });
  }

  async #putNoise(key: string) {
    const length = Math.floor(this.#random.fraction() ** 3 * NOISE_BYTES_MAX);
    const body = new Uint8Array(length);
    body.set(this.#random.bytes(Math.min(length, 70_000)));
    const status = await this.ask({ method: "PUT", bucket: NOISE_BUCKET, key, body }).then(
      (reply) => reply.status,
      () => undefined,
    );
    if (status !== undefined && status !== 200 && status !== 503)
      throw new Error(`a put was answered with ${status}`);
    const isAnswered = status === 200;
    if (!isAnswered) this.unanswered += 1;
    return { key, body, isAnswered };
  }

  async #checkNoise(key: string, body: Uint8Array, isAnswered: boolean): Promise<void> {
    const reply = await this.ask({ method: "GET", bucket: NOISE_BUCKET, key });
    const before = this.#noise.get(key);
    const isNew = reply.status === 200 && Buffer.compare(reply.bytes, body) === 0;
    const isOld = before === undefined ? reply.status === 404 : Buffer.compare(reply.bytes, before) === 0;
    if (!isNew && (isAnswered || !isOld)) {
      throw new Error(
        `${key}, answered: ${isAnswered}, is neither what it was nor what was put: ${reply.status}`,
      );
    }
    if (isNew) this.#noise.set(key, body);
  }

  async #isReady(): Promise<boolean> {
    return this.ask({ method: "HEAD", bucket: NOISE_BUCKET }).then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}
