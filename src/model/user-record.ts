/** The bytes of a user and of the index of access keys. FORMAT.md "User", "Access key". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { NAME_BYTES_MAX } from "./limits.ts";
import { formatTenantPath, parseTenantPath } from "./names.ts";
import { corruptRecord, parsed, readFlags, readFormat, writeCount } from "./record.ts";
import {
  ACCESS_KEY_LENGTH_MAX,
  type AccessKeyRecord,
  checkAccessKey,
  type PasswordHash,
  parseUserName,
  SECRET_KEY_LENGTH_MAX,
  SECRET_KEY_LENGTH_MIN,
  type SealedKey,
  USER_KEYS_MAX,
  USER_NAME_LENGTH_MAX,
  type UserRecord,
} from "./user.ts";

const USER_FORMAT = 1;
const ACCESS_KEY_FORMAT = 1;
const FLAG_ADMIN = 0x01;
const FLAG_ENABLED = 0x02;
const FLAG_PASSWORD = 0x04;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bounds of scrypt's parameters: a record can cost 128 MiB of memory at most. */
const COST_LOG2_MAX = 17;
const BLOCK_SIZE_MAX = 8;
const PARALLELIZATION_MAX = 16;
/** Two names and a slash. */
const TENANT_PATH_BYTES_MAX = 2 * NAME_BYTES_MAX + 1;

export function encodeUser(user: UserRecord): Uint8Array {
  const { password, keys } = user;
  assert(keys.length <= USER_KEYS_MAX, "a user has at most two keys");
  const writer = new ByteWriter(512).u8(USER_FORMAT);
  writer.u8(
    (user.isAdmin ? FLAG_ADMIN : 0) |
      (user.isEnabled ? FLAG_ENABLED : 0) |
      (password === undefined ? 0 : FLAG_PASSWORD),
  );
  writeCount(writer, user.revision, "the revision");
  writeCount(writer, user.createdMs, "createdMs");
  if (password !== undefined) writePassword(writer, password);
  writer.varint(keys.length);
  for (const key of keys) writeKey(writer, key);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeUser(bytes: Uint8Array): UserRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, USER_FORMAT, "user record");
  const flags = readFlags(reader, FLAG_ADMIN | FLAG_ENABLED | FLAG_PASSWORD);
  const revision = reader.varint();
  const createdMs = reader.varint();
  const password = (flags & FLAG_PASSWORD) === 0 ? undefined : readPassword(reader);
  const keyCount = reader.varint(USER_KEYS_MAX);
  const keys: SealedKey[] = [];
  for (let index = 0; index < keyCount; index += 1) keys.push(readKey(reader));
  reader.end();
  if (keyCount === 2 && keys[0]?.accessKey === keys[1]?.accessKey) throw corruptRecord("a key stands twice");
  return {
    revision,
    isAdmin: (flags & FLAG_ADMIN) !== 0,
    isEnabled: (flags & FLAG_ENABLED) !== 0,
    createdMs,
    password,
    keys,
  };
}

export function encodeAccessKey({ tenant, user }: AccessKeyRecord): Uint8Array {
  return new ByteWriter().u8(ACCESS_KEY_FORMAT).text(formatTenantPath(tenant)).text(user).finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeAccessKey(bytes: Uint8Array): AccessKeyRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, ACCESS_KEY_FORMAT, "record of an access key");
  const tenant = parsed(parseTenantPath, reader.text(TENANT_PATH_BYTES_MAX));
  const user = parsed(parseUserName, reader.text(USER_NAME_LENGTH_MAX));
  reader.end();
  return { tenant, user };
}

function writePassword(writer: ByteWriter, password: PasswordHash): void {
  const { costLog2, blockSize, parallelization, salt, hash } = password;
  assert(salt.length === SALT_BYTES && hash.length === HASH_BYTES, "salt and hash have fixed lengths");
  assert(isAffordable(password), "the parameters of scrypt are within bounds");
  writer.u8(costLog2).u8(blockSize).u8(parallelization).raw(salt).raw(hash);
}

function readPassword(reader: ByteReader): PasswordHash {
  const [costLog2, blockSize, parallelization] = [reader.u8(), reader.u8(), reader.u8()];
  const password = {
    costLog2,
    blockSize,
    parallelization,
    salt: reader.raw(SALT_BYTES).slice(),
    hash: reader.raw(HASH_BYTES).slice(),
  };
  if (!isAffordable(password)) throw corruptRecord("parameters of scrypt are out of bounds");
  return password;
}

function isAffordable({ costLog2, blockSize, parallelization }: PasswordHash): boolean {
  const isCostFine = costLog2 >= 1 && costLog2 <= COST_LOG2_MAX;
  const isBlockFine = blockSize >= 1 && blockSize <= BLOCK_SIZE_MAX;
  return isCostFine && isBlockFine && parallelization >= 1 && parallelization <= PARALLELIZATION_MAX;
}

function writeKey(writer: ByteWriter, { accessKey, createdMs, nonce, sealed }: SealedKey): void {
  assert(nonce.length === NONCE_BYTES, "a nonce has 12 bytes");
  assert(isSealedLength(sealed.length), "a sealed secret is a secret and a tag");
  writer.text(checkAccessKey(accessKey));
  writeCount(writer, createdMs, "createdMs");
  writer.raw(nonce).bytes(sealed);
}

function readKey(reader: ByteReader): SealedKey {
  const accessKey = parsed(checkAccessKey, reader.text(ACCESS_KEY_LENGTH_MAX));
  const createdMs = reader.varint();
  const nonce = reader.raw(NONCE_BYTES).slice();
  const sealed = reader.bytes(SECRET_KEY_LENGTH_MAX + TAG_BYTES).slice();
  if (!isSealedLength(sealed.length)) throw corruptRecord("a sealed secret is too short");
  return { accessKey, createdMs, nonce, sealed };
}

function isSealedLength(length: number): boolean {
  return length >= SECRET_KEY_LENGTH_MIN + TAG_BYTES && length <= SECRET_KEY_LENGTH_MAX + TAG_BYTES;
}
