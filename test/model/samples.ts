/** One of each record, by hand: what the golden bytes are of. Changing one is changing FORMAT.md's examples. */
import type { AnnotationRecord } from "../../src/model/annotation.ts";
import { contentIdOf, logIdOf, parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { parseObjectName, parseServiceName, parseTenantPath } from "../../src/model/names.ts";
import type { BucketRecord, ContainerRecord } from "../../src/model/namespace.ts";
import type { ContentRoot, Reference } from "../../src/model/reference.ts";
import type { ServiceRecord } from "../../src/model/service.ts";
import { type AccessKeyRecord, parseUserName, type UserRecord } from "../../src/model/user.ts";
import { makeUvid } from "../../src/model/uvid.ts";
import type { Expunge, LogEntry, Version } from "../../src/model/version.ts";

const id = (first: number) =>
  contentIdOf(Uint8Array.from({ length: 32 }, (_, index) => (first + index) & 0xff));
const segment = parseSegmentId("1122334455667788");
const other = parseSegmentId("99AABBCCDDEEFF00");
const writer = parseWriterId("0102030405060708");
const clock = (count: number) => (1_795_000_000_000n << 16n) + BigInt(count);
const uvid = makeUvid({ clock: clock(2), segment, writer });

/** A first version: nothing known, one chunk. */
export const firstVersion: Version = {
  object: parseObjectName("photos/naupaka.jpg"),
  uvid,
  generation: 1,
  known: [],
  isDeleted: false,
  sizeBytes: 70_000,
  content: { kind: "chunk", id: id(0), skipBytes: 0, lengthBytes: 70_000 },
  modifiedMs: 1_795_000_000_123,
  contentType: undefined,
  metadata: {},
  isNull: false,
  headers: {},
  digest: undefined,
};

/** Everything that a version can have. */
export const fullVersion: Version = {
  ...firstVersion,
  generation: 300,
  known: [
    { segment, uvid: makeUvid({ clock: clock(1), segment, writer }) },
    { segment: other, uvid: makeUvid({ clock: clock(0), segment: other, writer }) },
  ],
  sizeBytes: 5_000_000_000,
  content: { kind: "node", id: id(64), skipBytes: 10, lengthBytes: 5_000_000_000 },
  contentType: "image/jpeg",
  metadata: { "mtime-ms": "1795000000000", mode: "644" },
  isNull: true,
  headers: { "cache-control": "no-store", "content-encoding": "gzip" },
  digest: {
    md5: Uint8Array.from({ length: 16 }, (_, index) => 160 + index),
    checksum: { algorithm: "crc32c", kind: "composite", value: Uint8Array.from([1, 2, 3, 4]) },
    parts: [
      { sizeBytes: 2_000_000_000, checksum: Uint8Array.from([5, 6, 7, 8]) },
      { sizeBytes: 2_000_000_000, checksum: Uint8Array.from([9, 10, 11, 12]) },
      { sizeBytes: 1_000_000_000, checksum: Uint8Array.from([13, 14, 15, 16]) },
    ],
  },
};

/** What deleting writes after `firstVersion`. */
export const deletedVersion: Version = {
  ...firstVersion,
  uvid: makeUvid({ clock: clock(3), segment, writer }),
  generation: 2,
  known: [{ segment, uvid }],
  isDeleted: true,
  sizeBytes: 0,
  content: { kind: "none" },
};

/** What stays of it when it is removed for good. */
export const expunge: Expunge = {
  object: deletedVersion.object,
  uvid: deletedVersion.uvid,
  generation: deletedVersion.generation,
  known: deletedVersion.known,
  isNull: false,
  expungedMs: 1_795_000_000_789,
};

export const logEntry: LogEntry = {
  kind: "version",
  object: firstVersion.object,
  uvid,
  generation: 2,
  isDeleted: false,
  sizeBytes: 70_000,
  loggedMs: 1_795_000_000_456,
  base: { kind: "small", id: id(128), lengthBytes: 11 },
  via: other,
};

export const annotationEntry: LogEntry = {
  kind: "annotation",
  object: firstVersion.object,
  uvid,
  generation: 1,
  loggedMs: 1_795_000_000_456,
  via: undefined,
  change: makeUvid({ clock: clock(4), segment: other, writer }),
};

export const expungeEntry: LogEntry = {
  kind: "expunge",
  object: firstVersion.object,
  uvid,
  generation: 1,
  loggedMs: 1_795_000_000_456,
  via: undefined,
};

const change = makeUvid({ clock: clock(4), segment: other, writer });
export const annotations: AnnotationRecord = {
  tags: { uvid: change, value: { island: "Hawaii", year: "2026" } },
  acl: { uvid, value: "public-read" },
  hold: { uvid: change, value: true },
  retention: { uvid: change, value: { mode: "compliance", untilMs: 1_800_000_000_000 } },
};

export const node: readonly Reference[] = [
  { kind: "chunk", id: id(0), skipBytes: 0, lengthBytes: 65_536 },
  { kind: "zeros", lengthBytes: 1_048_576 },
  { kind: "chunk", id: id(32), skipBytes: 100, lengthBytes: 5_000 },
  { kind: "node", id: id(64), skipBytes: 0, lengthBytes: 4_000_000 },
];

export const root: ContentRoot = { kind: "node", id: id(64), skipBytes: 0, lengthBytes: 104_857_600 };

export const bucketRecord: BucketRecord = {
  logId: logIdOf(Uint8Array.from([1, 1, 2, 3, 5, 8, 13, 21])),
  createdMs: 1_795_000_000_000,
  options: {
    chunking: { kind: "fixed", chunkBytes: 131_072 },
    versionsKept: 3,
    versioning: "enabled",
    lock: { default: { mode: "compliance", days: 30 } },
    encryption: "none",
    quotaBytes: 1_000_000_000,
    quotaObjects: 1_000,
    custom: { "X-Owner": "aloha" },
  },
};

export const containerRecord: ContainerRecord = { createdMs: 1_795_000_000_000, custom: {} };

export const serviceRecord: ServiceRecord = {
  name: parseServiceName("hawaii"),
  type: "isgw",
  isEnabled: true,
  settings: [
    ["X-Description", "Inter Segment Gateway"],
    ["X-ISGW-Remote", "ccow://10.0.0.2:14000"],
  ],
  served: ["Hawaii/Cola/bk1"],
  revision: 7,
};

const bytes = (length: number, first: number) =>
  Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);

/** A user whose key is being rotated. */
export const userRecord: UserRecord = {
  revision: 3,
  isAdmin: true,
  isEnabled: true,
  createdMs: 1_795_000_000_000,
  password: { costLog2: 15, blockSize: 8, parallelization: 3, salt: bytes(16, 0), hash: bytes(32, 16) },
  keys: [
    { accessKey: "NEWKEY22", createdMs: 1_795_000_000_001, nonce: bytes(12, 48), sealed: bytes(32, 64) },
    { accessKey: "OLDKEY33", createdMs: 1_795_000_000_000, nonce: bytes(12, 96), sealed: bytes(33, 112) },
  ],
};

export const accessKeyRecord: AccessKeyRecord = {
  tenant: parseTenantPath("Hawaii/Cola"),
  user: parseUserName("kai"),
};
