/** Generators of every record of the model, within its limits, for property tests. */
import fc from "fast-check";
import { type AnnotationRecord, CANNED_ACLS, type Retention } from "../../src/model/annotation.ts";
import { CHECKSUM_BYTES, keptDigest } from "../../src/model/digest-codec.ts";
import { contentIdOf, logIdOf, segmentIdOf, writerIdOf } from "../../src/model/ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  NODE_REFERENCES_MAX,
  OBJECT_SIZE_BYTES_MAX,
  TAGS_MAX,
} from "../../src/model/limits.ts";
import {
  type ObjectName,
  parseObjectName,
  parseServiceName,
  parseTenantPath,
} from "../../src/model/names.ts";
import type { BucketRecord, Chunking, ContainerRecord } from "../../src/model/namespace.ts";
import { type ContentRoot, type Reference, rootSizeBytes } from "../../src/model/reference.ts";
import type { ServiceRecord } from "../../src/model/service.ts";
import { type AccessKeyRecord, parseUserName, type UserRecord } from "../../src/model/user.ts";
import { makeUvid } from "../../src/model/uvid.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ContentDigest,
  type Expunge,
  KEPT_HEADERS,
  type LogEntry,
  type Version,
} from "../../src/model/version.ts";

const bytesOf = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
export const contentIds = bytesOf(32).map(contentIdOf);
const segments = bytesOf(8).map(segmentIdOf);
const writers = bytesOf(8).map(writerIdOf);
const clocks = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uvids = fc.record({ clock: clocks, segment: segments, writer: writers }).map(makeUvid);
const wholes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = (maxBytes: number) =>
  fc.string({ unit: "binary", maxLength: 40 }).filter((value) => Buffer.byteLength(value) <= maxBytes);

export const objectNames: fc.Arbitrary<ObjectName> = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((name) => !name.includes("\0"))
  .map(parseObjectName);

const zeros = fc.record({
  kind: fc.constant("zeros" as const),
  lengthBytes: fc.integer({ min: 1, max: OBJECT_SIZE_BYTES_MAX }),
});
const sliceOf = (kind: "chunk" | "node", reachBytes: number) =>
  fc
    .record({
      id: contentIds,
      lengthBytes: fc.integer({ min: 1, max: reachBytes }),
      skip: fc.oneof(fc.constant(0), fc.nat()),
    })
    .map(({ id, lengthBytes, skip }): Reference => {
      return { kind, id, skipBytes: skip % (reachBytes - lengthBytes + 1), lengthBytes };
    });
export const references: fc.Arbitrary<Reference> = fc.oneof(
  zeros,
  sliceOf("chunk", FIXED_CHUNK_BYTES_MAX),
  sliceOf("node", OBJECT_SIZE_BYTES_MAX),
);
export const roots: fc.Arbitrary<ContentRoot> = fc.oneof(
  fc.constant({ kind: "none" as const }),
  fc.record({
    kind: fc.constant("small" as const),
    id: contentIds,
    lengthBytes: fc.integer({ min: 1, max: 1024 }),
  }),
  references,
);
export const nodes: fc.Arbitrary<readonly Reference[]> = fc.array(
  fc.oneof(sliceOf("chunk", FIXED_CHUNK_BYTES_MAX), zeros.map(shortened)),
  { minLength: 1, maxLength: NODE_REFERENCES_MAX },
);

/** So that 256 of them stay within the size of an object. */
function shortened(reference: Reference): Reference {
  return { ...reference, lengthBytes: Math.ceil(reference.lengthBytes / NODE_REFERENCES_MAX) };
}

const metadata = fc
  .dictionary(fc.stringMatching(/^[\x21-\x40\x5b-\x7e]{1,20}$/), text(200), { maxKeys: 12 })
  .map((pairs) => Object.fromEntries(Object.entries(pairs).sort()));

const headers = fc.dictionary(fc.constantFrom(...KEPT_HEADERS), text(200), { maxKeys: 4 }).map(sortedPairs);

const digests: fc.Arbitrary<ContentDigest> = fc
  .record({
    md5: fc.option(bytesOf(16), { nil: undefined }),
    algorithm: fc.option(fc.constantFrom(...CHECKSUM_ALGORITHMS), { nil: undefined }),
    kind: fc.constantFrom("full" as const, "composite" as const),
    sizes: fc.array(fc.oneof(fc.constant(5_242_880), fc.nat({ max: 2 ** 33 })), { maxLength: 12 }),
    hasPartChecksums: fc.boolean(),
    fill: fc.nat({ max: 255 }),
  })
  .map(({ md5, algorithm, kind, sizes, hasPartChecksums, fill }) => {
    const value = algorithm === undefined ? undefined : new Uint8Array(CHECKSUM_BYTES[algorithm]).fill(fill);
    const checksum = algorithm && value ? { algorithm, kind, value } : undefined;
    const parts = sizes.map((sizeBytes) => ({
      sizeBytes,
      checksum: hasPartChecksums && checksum !== undefined ? value : undefined,
    }));
    return { md5, checksum, parts };
  });

function sortedPairs(pairs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(pairs).sort());
}

/** Nothing known, one's own previous version by the same or another writer, or a list of segments. */
const versionsKnown = fc.oneof(
  fc.constant([]),
  fc
    .array(uvids, { minLength: 1, maxLength: 5 })
    .map((list) =>
      [...new Map(list.map((uvid) => [uvid.slice(16, 32), uvid])).entries()]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([segment, uvid]) => ({ segment: segment as ReturnType<typeof segmentIdOf>, uvid })),
    ),
);

export const versions: fc.Arbitrary<Version> = fc
  .record({
    object: objectNames,
    clock: clocks,
    earlier: clocks,
    segment: segments,
    writer: writers,
    otherWriter: writers,
    form: fc.constantFrom("list", "own writer", "own segment"),
    known: versionsKnown,
    generation: wholes.map((value) => Math.max(1, value)),
    isDeleted: fc.boolean(),
    content: roots,
    modifiedMs: wholes,
    contentType: fc.option(text(255), { nil: undefined }),
    metadata,
    isNull: fc.boolean(),
    headers,
    digest: fc.option(digests, { nil: undefined }),
  })
  .map(({ clock, earlier, segment, writer, otherWriter, form, isDeleted, ...rest }) => {
    const content: ContentRoot = isDeleted ? { kind: "none" } : rest.content;
    const before = makeUvid({
      clock: earlier,
      segment,
      writer: form === "own writer" ? writer : otherWriter,
    });
    return {
      ...rest,
      uvid: makeUvid({ clock, segment, writer }),
      known: form === "list" ? rest.known : [{ segment, uvid: before }],
      isDeleted,
      content,
      sizeBytes: rootSizeBytes(content),
      digest: isDeleted ? undefined : keptDigest(fitted(rest.digest, rootSizeBytes(content))),
    };
  });

/** With the last part as long as it must be. */
function fitted(digest: ContentDigest | undefined, sizeBytes: number): ContentDigest | undefined {
  if (digest === undefined || digest.parts.length === 0) return digest;
  let rest = sizeBytes;
  const parts = digest.parts.map((part, index) => {
    const partBytes = index === digest.parts.length - 1 ? rest : Math.min(part.sizeBytes, rest);
    rest -= partBytes;
    return { ...part, sizeBytes: partBytes };
  });
  return { ...digest, parts };
}

export const expunges: fc.Arbitrary<Expunge> = fc
  .record({ version: versions, expungedMs: wholes, isBypassed: fc.boolean() })
  .map(({ version: { object, uvid, generation, known, isNull }, expungedMs, isBypassed }) => {
    const bypassed = isBypassed ? { isGovernanceBypassed: true } : {};
    return { object, uvid, generation, known, isNull, expungedMs, ...bypassed };
  });

const logged = {
  object: objectNames,
  uvid: uvids,
  generation: wholes.map((value) => Math.max(1, value)),
  loggedMs: wholes,
  via: fc.option(segments, { nil: undefined }),
};
export const logEntries: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.record({
    kind: fc.constant("version" as const),
    ...logged,
    isDeleted: fc.boolean(),
    sizeBytes: fc.nat({ max: OBJECT_SIZE_BYTES_MAX }),
    base: roots,
  }),
  fc.record({ kind: fc.constant("expunge" as const), ...logged }),
  fc.record({ kind: fc.constant("annotation" as const), ...logged, change: uvids }),
);

const retentions: fc.Arbitrary<Retention> = fc.record({
  mode: fc.constantFrom("governance" as const, "compliance" as const),
  untilMs: wholes,
});
const tagSets = fc
  .dictionary(
    text(128).filter((key) => key !== ""),
    text(256),
    { maxKeys: TAGS_MAX },
  )
  .map((tags) => ({ ...tags }));
const annotated = <T>(values: fc.Arbitrary<T>) => fc.record({ uvid: uvids, value: values });
export const annotationRecords: fc.Arbitrary<AnnotationRecord> = fc.record(
  {
    tags: annotated(tagSets),
    acl: annotated(fc.constantFrom(...CANNED_ACLS)),
    hold: annotated(fc.boolean()),
    retention: annotated(fc.option(retentions, { nil: null })),
  },
  { requiredKeys: [] },
);

const custom = fc.dictionary(
  text(60).filter((key) => key !== ""),
  text(200),
  { maxKeys: 8 },
);
const chunkings: fc.Arbitrary<Chunking> = fc.oneof(
  fc.constant({ kind: "content" as const }),
  fc.integer({ min: 13, max: 20 }).map((power) => ({ kind: "fixed" as const, chunkBytes: 2 ** power })),
);
export const bucketRecords: fc.Arbitrary<BucketRecord> = fc.record({
  logId: bytesOf(8).map(logIdOf),
  createdMs: wholes,
  options: fc.record({
    chunking: chunkings,
    versionsKept: fc.integer({ min: 1, max: 1000 }),
    versioning: fc.constantFrom("off" as const, "enabled" as const, "suspended" as const),
    lock: fc.option(
      fc.record({
        default: fc.option(
          fc.record({
            mode: fc.constantFrom("governance" as const, "compliance" as const),
            days: fc.integer({ min: 1, max: 36_500 }),
          }),
          { nil: undefined },
        ),
      }),
      { nil: undefined },
    ),
    encryption: fc.constantFrom("none" as const, "aes256" as const),
    quotaBytes: fc.option(wholes, { nil: undefined }),
    quotaObjects: fc.option(wholes, { nil: undefined }),
    custom,
  }),
});
export const containerRecords: fc.Arbitrary<ContainerRecord> = fc.record({ createdMs: wholes, custom });
export const serviceRecords: fc.Arbitrary<ServiceRecord> = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/).map(parseServiceName),
  type: fc.constant("isgw" as const),
  isEnabled: fc.boolean(),
  settings: fc.uniqueArray(
    fc.tuple(
      text(60).filter((key) => key !== ""),
      text(200),
    ),
    {
      maxLength: 20,
      selector: ([key]) => key,
    },
  ),
  served: fc.array(text(400), { maxLength: 10 }),
  revision: wholes,
});

const exactBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const userRecords: fc.Arbitrary<UserRecord> = fc.record({
  revision: wholes,
  isAdmin: fc.boolean(),
  isEnabled: fc.boolean(),
  createdMs: wholes,
  password: fc.option(
    fc.record({
      costLog2: fc.integer({ min: 1, max: 17 }),
      blockSize: fc.integer({ min: 1, max: 8 }),
      parallelization: fc.integer({ min: 1, max: 16 }),
      salt: exactBytes(16),
      hash: exactBytes(32),
    }),
    { nil: undefined },
  ),
  keys: fc.uniqueArray(
    fc.record({
      accessKey: fc.stringMatching(/^[A-Za-z0-9_-]{3,128}$/),
      createdMs: wholes,
      nonce: exactBytes(12),
      sealed: fc.uint8Array({ minLength: 32, maxLength: 144 }),
    }),
    { maxLength: 2, selector: (key) => key.accessKey },
  ),
});
export const accessKeyRecords: fc.Arbitrary<AccessKeyRecord> = fc.record({
  tenant: fc.stringMatching(/^[a-z]{1,60}\/[a-z]{1,60}$/).map(parseTenantPath),
  user: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9+=,.@_-]{0,63}$/).map(parseUserName),
});
