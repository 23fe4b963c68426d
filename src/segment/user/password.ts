/** Passwords of users, by scrypt (RFC 7914). The parameters stand in the record, so that they can grow. */
import { scrypt, timingSafeEqual } from "node:crypto";
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { Limiter } from "../../base/limiter.ts";
import type { Random } from "../../base/random.ts";
import { isWellFormed } from "../../base/unicode.ts";
import { PASSWORD_BYTES_MAX, PASSWORD_LENGTH_MIN, type PasswordHash } from "../../model/user.ts";

/** 2^15 · 8 · 128 bytes are 32 MiB; three lanes take about 0.2 s of one core. */
const COST = { costLog2: 15, blockSize: 8, parallelization: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Hashes under way: each holds 32 MiB and a thread of the pool that files need as well. */
const HASHES_MAX = 2;

type Cost = Pick<PasswordHash, "costLog2" | "blockSize" | "parallelization">;

export class Passwords {
  readonly #limiter = new Limiter(HASHES_MAX);
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @throws BAD_VALUE */
  async hash(password: string): Promise<PasswordHash> {
    checkPassword(password);
    const salt = this.#random.bytes(SALT_BYTES);
    return { ...COST, salt, hash: await this.#derive(password, salt, COST) };
  }

  /** Takes as long when there is no password as when there is a wrong one. */
  async verify(password: string, stored: PasswordHash | undefined): Promise<boolean> {
    const isPossible = utf8(password).length <= PASSWORD_BYTES_MAX;
    const { salt, hash, ...cost } = stored ?? {
      ...COST,
      salt: new Uint8Array(SALT_BYTES),
      hash: new Uint8Array(HASH_BYTES),
    };
    const derived = await this.#derive(isPossible ? password : "", salt, cost);
    return timingSafeEqual(derived, hash) && isPossible && stored !== undefined;
  }

  #derive(password: string, salt: Uint8Array, cost: Cost): Promise<Uint8Array> {
    const [N, r, p] = [2 ** cost.costLog2, cost.blockSize, cost.parallelization];
    const settings = { N, r, p, maxmem: 128 * r * (N + p + 2) };
    return this.#limiter.run(
      () =>
        new Promise((resolve, reject) => {
          // The bytes as they are given: passwords are not normalised.
          scrypt(utf8(password), salt, HASH_BYTES, settings, (error, derived) => {
            if (error === null) resolve(new Uint8Array(derived));
            else reject(error);
          });
        }),
    );
  }
}

function checkPassword(password: string): void {
  const sizeBytes = utf8(password).length;
  if (isWellFormed(password) && password.length >= PASSWORD_LENGTH_MIN && sizeBytes <= PASSWORD_BYTES_MAX) {
    return;
  }
  throw new EfsError(
    "BAD_VALUE",
    `not a password: it has at least ${PASSWORD_LENGTH_MIN} characters and at most ${PASSWORD_BYTES_MAX} bytes`,
  );
}
