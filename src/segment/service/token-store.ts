/**
 * Tokens that authorise admin access over TCP. Only SHA-256 hashes are stored; a token has 256 bits of chance, so a
 * fast hash is enough. The record of a token: u8 format 1, u64 wall milliseconds of its making, 32 bytes hash.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { asBuffer, utf8 } from "../../base/bytes.ts";
import { ByteReader, ByteWriter } from "../../base/cursor.ts";
import { EfsError } from "../../base/errors.ts";
import { parseServiceName } from "../../model/names.ts";
import { type Core, nowMs, scanAll } from "../core/core.ts";
import { rangeOf, TOKEN_PREFIX, textBehind, tokenKey } from "../keys.ts";
import { absent } from "../namespace/containers.ts";
import type { TokenStore, TokenSummary } from "../services.ts";

const TOKEN_BYTES = 32;
const HASH_BYTES = 32;
const TOKEN_TEXT_MAX = 256;
const FORMAT = 1;

interface TokenRecord extends TokenSummary {
  readonly hash: Uint8Array;
}

export function openTokenStore(core: Core): TokenStore {
  const { inFlight } = core;
  return {
    create: (name) => inFlight.run(() => createToken(core, name)),
    list: () =>
      inFlight.run(async () => (await readTokens(core)).map(({ name, createdMs }) => ({ name, createdMs }))),
    revoke: (name) => inFlight.run(() => revokeToken(core, name)),
    verify: (token) => inFlight.run(() => verifyToken(core, token)),
  };
}

async function createToken(core: Core, name: string): Promise<string> {
  parseServiceName(name);
  await core.guard.admit(0);
  const token = asBuffer(core.random.bytes(TOKEN_BYTES)).toString("base64url");
  const createdMs = nowMs(core);
  const value = new ByteWriter(64).u8(FORMAT).u64(BigInt(createdMs)).raw(hashOf(token)).finish();
  const key = tokenKey(name);
  const outcome = await core.guard.commit({ checks: [absent(key)], writes: [{ key, value }] });
  if (!outcome.isCommitted) throw new EfsError("TOKEN_EXISTS", `token ${name} is there already`);
  return token;
}

async function revokeToken(core: Core, name: string): Promise<void> {
  const key = tokenKey(name);
  const stored = await core.records.get(key);
  const outcome =
    stored === undefined
      ? undefined
      : await core.guard.commit({ checks: [{ key, expected: stored }], writes: [{ key, value: undefined }] });
  if (!outcome?.isCommitted) throw new EfsError("TOKEN_NOT_FOUND", `no token ${JSON.stringify(name)}`);
}

async function verifyToken(core: Core, token: string): Promise<string | undefined> {
  if (token.length > TOKEN_TEXT_MAX) return undefined;
  const hash = hashOf(token);
  let name: string | undefined;
  // No early end: the time tells nothing about which token came near.
  for (const record of await readTokens(core)) {
    if (timingSafeEqual(record.hash, hash)) name = record.name;
  }
  return name;
}

async function readTokens(core: Core): Promise<readonly TokenRecord[]> {
  const tokens: TokenRecord[] = [];
  for await (const { key, value } of scanAll(core.records, rangeOf(TOKEN_PREFIX))) {
    const reader = new ByteReader(value);
    if (reader.u8() !== FORMAT)
      throw new EfsError("RECORD_CORRUPT", "the record of a token has another format");
    const createdMs = Number(reader.u64());
    const hash = reader.raw(HASH_BYTES);
    reader.end();
    tokens.push({ name: textBehind(TOKEN_PREFIX, key), createdMs, hash });
  }
  return tokens;
}

function hashOf(token: string): Uint8Array {
  return createHash("sha256").update(utf8(token)).digest();
}
