/**
 * Content from a seed: text that compresses like source code (about 4 : 1 by deflate), and bytes that do not compress. The same
 * seed gives the same bytes on every machine.
 */
import { createCipheriv, createHash } from "node:crypto";
import { type Random, seededRandom } from "../src/base/random.ts";

const PIECE_BYTES = 1024 * 1024;

/** `sizeBytes` bytes that no compressor shortens and no two seeds share, in pieces of 1 MiB. */
export function* incompressible(seed: number, sizeBytes: number): Generator<Buffer> {
  const key = createHash("sha256").update(`incompressible ${seed}`).digest();
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  for (let left = sizeBytes; left > 0; left -= PIECE_BYTES) {
    yield cipher.update(left < PIECE_BYTES ? zeros.subarray(0, left) : zeros);
  }
}

export function incompressibleBytes(seed: number, sizeBytes: number): Buffer {
  return Buffer.concat([...incompressible(seed, sizeBytes)]);
}

/** Makes source-like text. One writer is one project: its vocabulary recurs from file to file. */
export class SourceWriter {
  readonly #random: Random;
  readonly #words: readonly string[];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#words = Array.from({ length: 3000 }, () => this.#word());
  }

  /** About `sizeBytes` of text, cut to exactly that. */
  text(sizeBytes: number): Buffer {
    const local = Array.from({ length: 60 }, () => this.#pick(this.#words));
    const lines: string[] = [HEADER];
    let length = HEADER.length;
    let depth = 0;
    while (length < sizeBytes) {
      // Source repeats itself: two lines of five were written before.
      const again = lines[Math.floor(this.#random.fraction() ** 0.5 * lines.length)];
      const isAgain = again !== undefined && lines.length > 4 && this.#random.fraction() < 0.4;
      const line = isAgain ? again : `${"\t".repeat(depth)}${this.#line(local)}\n`;
      depth = Math.max(
        0,
        Math.min(4, depth + (line.endsWith("{\n") ? 1 : 0) - (line.endsWith("}\n") ? 1 : 0)),
      );
      lines.push(line);
      length += line.length;
    }
    return Buffer.from(lines.join(""), "latin1").subarray(0, sizeBytes);
  }

  #line(local: readonly string[]): string {
    const name = () => (this.#random.fraction() < 0.8 ? this.#pick(local) : this.#pick(this.#words));
    const number = () => Math.floor(this.#random.fraction() ** 3 * 4096);
    switch (Math.floor(this.#random.fraction() * 12)) {
      case 0:
        return `if (${name()} == NULL || ${name()}->${name()} < ${number()}) {`;
      case 1:
      case 2:
        return "}";
      case 3:
        return `return ${name()}(${name()}, &${name()});`;
      case 4:
        return `static int ${name()}_${name()}(struct ${name()} *${name()}, unsigned long ${name()})`;
      case 5:
        return `/* ${name()} the ${name()} of ${name()} before ${name()} is ${name()} */`;
      case 6:
        return `#define ${name().toUpperCase()}_${name().toUpperCase()}\t0x${number().toString(16).padStart(8, "0")}`;
      case 7:
        return `${name()}->${name()} = ${name()}(${name()}->${name()}, ${number()});`;
      case 8:
        return `for (${name()} = 0; ${name()} < ${name()}->${name()}; ${name()}++) {`;
      case 9:
        return "";
      default:
        return `${name()}(${name()}, ${name()}, ${number()});`;
    }
  }

  /** Few words are common, many are rare, as in any text. */
  #pick(words: readonly string[]): string {
    return words[Math.floor(this.#random.fraction() ** 2.5 * words.length)] ?? "x";
  }

  #word(): string {
    const syllables = 1 + Math.floor(this.#random.fraction() * 3);
    let word = "";
    for (let count = 0; count < syllables; count += 1) {
      word += CONSONANTS[Math.floor(this.#random.fraction() * CONSONANTS.length)];
      word += VOWELS[Math.floor(this.#random.fraction() * VOWELS.length)];
      if (this.#random.fraction() < 0.4)
        word += CONSONANTS[Math.floor(this.#random.fraction() * CONSONANTS.length)];
    }
    return word;
  }
}

const CONSONANTS = "bcdfghklmnprstvwxz";
const VOWELS = "aeiou";
const HEADER = `/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made from a seed, in the likeness of source code. It is not a program and nobody should try to
 * compile it; it is here to be compressed, cut, compared and copied.
 */

`;
