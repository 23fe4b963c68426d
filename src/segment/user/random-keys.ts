/** Access keys and secrets made by chance, in the lengths that clients know from AWS. */
import type { Random } from "../../base/random.ts";

const ACCESS_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ACCESS_KEY_LENGTH = 20;
const SECRET_KEY_LENGTH = 40;

/** 100 bits: told apart, no secret. */
export function randomAccessKey(random: Random): string {
  return randomText(random, ACCESS_KEY_LENGTH, ACCESS_KEY_ALPHABET);
}

/** 238 bits. */
export function randomSecretKey(random: Random): string {
  return randomText(random, SECRET_KEY_LENGTH, SECRET_KEY_ALPHABET);
}

/** Each character of the alphabet (at most 64) is equally likely: what lies beyond it is drawn again. */
function randomText(random: Random, length: number, alphabet: string): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      const character = alphabet[byte & 63 & (alphabet.length <= 32 ? 31 : 63)];
      if (character !== undefined && text.length < length) text += character;
    }
  }
  return text;
}
