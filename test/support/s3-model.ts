/**
 * What S3 promises, as a small model in memory, and random steps that are done both to it and to a real service. A step asks the service, compares what
 * it answers, and changes the model. Objects, versions, delete markers, tags, copies, multipart uploads, conditions, ranges and listings.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { element, elements } from "./s3-action.ts";

export interface S3Call {
  readonly method: string;
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
}

export interface S3Reply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** AWS's code of an error; undefined where none is told (HEAD). */
  readonly code: string | undefined;
}

export type S3Transport = (call: S3Call) => Promise<S3Reply>;

interface ModelVersion {
  /** As the service named it; `null` of what was written without versioning. */
  readonly id: string;
  readonly isDeleted: boolean;
  readonly body: Uint8Array;
  readonly etag: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Lengths of the parts; none: put in one piece. */
  readonly parts: readonly number[];
  tags: Readonly<Record<string, string>>;
}

type Versioning = "off" | "enabled" | "suspended";

export interface ModelBucket {
  readonly name: string;
  versioning: Versioning;
  /** Latest first. */
  readonly keys: Map<string, ModelVersion[]>;
}

const KEYS = ["a", "a/b", "a/c/d", "b", "ü &<é>/1", "//x", "%2F?+ "] as const;
const PREFIXES = ["", "a", "a/", "ü", "/", "zzz"] as const;
const META = ["1", "grün ☂", "long value ".repeat(9).trim()] as const;
const PART_BYTES_MIN = 5 * 1024 * 1024;

export type Step =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly size: number;
      readonly meta: string | undefined;
      readonly tags: Tags;
      readonly condition: WriteCondition;
    }
  | {
      readonly kind: "get" | "head";
      readonly key: string;
      readonly pick: number;
      readonly range: string | undefined;
      readonly condition: ReadCondition;
    }
  | { readonly kind: "delete"; readonly key: string; readonly pick: number }
  | { readonly kind: "deleteMany"; readonly keys: readonly string[]; readonly isQuiet: boolean }
  | {
      readonly kind: "list";
      readonly version: 1 | 2;
      readonly prefix: string;
      readonly delimiter: boolean;
      readonly page: number;
    }
  | { readonly kind: "versions"; readonly prefix: string; readonly page: number }
  | {
      readonly kind: "copy";
      readonly from: string;
      readonly to: string;
      readonly pick: number;
      readonly isReplaced: boolean;
      readonly tags: Tags;
    }
  | {
      readonly kind: "multipart";
      readonly key: string;
      readonly parts: readonly number[];
      readonly isAborted: boolean;
      readonly isTwice: boolean;
      /** The service is restarted between the parts and their completion. */
      readonly isInterrupted: boolean;
      /** Whose content is the last part; undefined: no such part. */
      readonly from: string | undefined;
    }
  | { readonly kind: "part"; readonly key: string; readonly pick: number; readonly number: number }
  | { readonly kind: "attributes"; readonly key: string; readonly pick: number }
  | { readonly kind: "deleteIf"; readonly key: string; readonly condition: "match" | "other" | "any" }
  | { readonly kind: "tags"; readonly key: string; readonly pick: number; readonly tags: Tags }
  | { readonly kind: "versioning"; readonly isEnabled: boolean }
  | { readonly kind: "restart" };

type Tags = Readonly<Record<string, string>>;
type WriteCondition = "none" | "absent" | "match" | "other";
type ReadCondition = "none" | "match" | "noneMatch" | "other" | "noneOther";

const key = fc.constantFrom(...KEYS);
/** 0: the latest; else a version counted from the latest; one too many: a version that is gone. */
const pick = fc.nat({ max: 5 });
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 400_000 }) },
);
const tags = fc.dictionary(fc.constantFrom("t", "ü 1", "a/b"), fc.constantFrom("", "x", "ß=1"), {
  maxKeys: 2,
});
const range = fc.option(
  fc.constantFrom("bytes=0-0", "bytes=5-", "bytes=-7", "bytes=10-2000", "bytes=9999999-", "bytes=3-1", "x"),
  { nil: undefined, freq: 3 },
);
const prefix = fc.constantFrom(...PREFIXES);

/** `parts` false: no parts of 5 MiB. */
export function steps(options: {
  readonly count: number;
  readonly withParts: boolean;
}): fc.Arbitrary<readonly Step[]> {
  const read = fc.record({
    kind: fc.constantFrom("get", "head"),
    key,
    pick,
    range,
    condition: fc.constantFrom<ReadCondition>("none", "none", "match", "noneMatch", "other", "noneOther"),
  });
  const parts = options.withParts
    ? fc.constantFrom([10], [0], [PART_BYTES_MIN, 100], [PART_BYTES_MIN + 1, PART_BYTES_MIN, 1])
    : fc.constantFrom([10], [0], [3000], [100_000]);
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("put"),
        key,
        size,
        meta: fc.option(fc.constantFrom(...META), { nil: undefined }),
        tags,
        condition: fc.constantFrom<WriteCondition>("none", "none", "none", "absent", "match", "other"),
      }),
    },
    { weight: 12, arbitrary: read },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("delete"), key, pick }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("deleteMany"),
        keys: fc.uniqueArray(key, { minLength: 1, maxLength: 4 }),
        isQuiet: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("list"),
        version: fc.constantFrom(1, 2),
        prefix,
        delimiter: fc.boolean(),
        page: fc.integer({ min: 1, max: 8 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("versions"), prefix, page: fc.integer({ min: 1, max: 9 }) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("copy"),
        from: key,
        to: key,
        pick,
        isReplaced: fc.boolean(),
        tags,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("multipart"),
        key,
        parts,
        isAborted: fc.nat({ max: 3 }).map((roll) => roll === 0),
        isTwice: fc.boolean(),
        isInterrupted: fc.nat({ max: 5 }).map((roll) => roll === 0),
        from: fc.option(key, { nil: undefined }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("part"), key, pick, number: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("attributes"), key, pick }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("deleteIf"),
        key,
        condition: fc.constantFrom("match", "other", "any"),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("tags"), key, pick, tags }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("versioning"), isEnabled: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart") }) },
  );
  return fc.array(step, { minLength: options.count, maxLength: options.count, size: "max" });
}

export interface ModelWorld {
  readonly ask: S3Transport;
  /** Ends the service however it likes and starts it again; the model stays. */
  readonly restart: () => Promise<void>;
  readonly setVersioning: (bucket: string, versioning: "enabled" | "suspended") => Promise<void>;
}

/** A whole history. @throws Error that tells the step and what differs */
export async function playAll(
  world: ModelWorld,
  bucket: ModelBucket,
  history: readonly Step[],
): Promise<void> {
  for (const [serial, step] of history.entries()) {
    try {
      await play(world, bucket, step, serial);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const state = `${bucket.versioning}, before: ${JSON.stringify(history.slice(Math.max(0, serial - 3), serial))}`;
      throw new Error(`step ${serial} ${JSON.stringify(step)} (${state}): ${reason}`, { cause: thrown });
    }
  }
}

/** Does one step to the service and the model. @throws Error saying what differs */
async function play(world: ModelWorld, bucket: ModelBucket, step: Step, serial: number): Promise<void> {
  switch (step.kind) {
    case "put":
      return put(world.ask, bucket, step, serial);
    case "get":
    case "head":
      return read(world.ask, bucket, step);
    case "delete":
      return remove(world.ask, bucket, step);
    case "deleteMany":
      return removeMany(world.ask, bucket, step);
    case "list":
      return list(world.ask, bucket, step);
    case "versions":
      return listVersions(world.ask, bucket, step);
    case "copy":
      return copy(world.ask, bucket, step);
    case "multipart":
      return multipart(world, bucket, step, serial);
    case "part":
      return readPart(world.ask, bucket, step);
    case "attributes":
      return attributes(world.ask, bucket, step);
    case "deleteIf":
      return removeIf(world.ask, bucket, step);
    case "tags":
      return retag(world.ask, bucket, step);
    case "versioning":
      bucket.versioning = step.isEnabled ? "enabled" : "suspended";
      return world.setVersioning(bucket.name, bucket.versioning);
    case "restart":
      return world.restart();
  }
}

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

async function put(ask: S3Transport, bucket: ModelBucket, step: Of<"put">, serial: number): Promise<void> {
  const latest = latestOf(bucket, step.key);
  const body = bodyOf(step.size, serial);
  const there = latest === undefined || latest.isDeleted ? undefined : latest;
  const reply = await ask({
    method: "PUT",
    bucket: bucket.name,
    key: step.key,
    body,
    headers: {
      "content-type": "text/x-test",
      ...(step.meta === undefined ? {} : { "x-amz-meta-m": latin1(step.meta) }),
      ...(Object.keys(step.tags).length === 0 ? {} : { "x-amz-tagging": formOf(step.tags) }),
      ...(step.condition === "absent" ? { "if-none-match": "*" } : {}),
      ...(step.condition === "match" ? { "if-match": `"${there?.etag ?? "none"}"` } : {}),
      ...(step.condition === "other" ? { "if-match": '"other"' } : {}),
    },
  });
  if (step.condition === "absent" && there !== undefined) return same(reply.status, 412, "status");
  if (step.condition === "match" && there === undefined) return same(reply.status, 404, "status");
  if (step.condition === "other") return same(reply.status, there === undefined ? 404 : 412, "status");
  same(reply.status, 200, "status");
  const metadata: Record<string, string> = step.meta === undefined ? {} : { m: step.meta };
  const etag = md5(body);
  same(reply.headers.etag, `"${etag}"`, "ETag");
  write(bucket, step.key, reply, {
    body,
    etag,
    contentType: "text/x-test",
    metadata,
    parts: [],
    tags: step.tags,
  });
}

type Written = Omit<ModelVersion, "id" | "isDeleted">;

function write(bucket: ModelBucket, name: string, reply: S3Reply, written: Written): void {
  const id = reply.headers["x-amz-version-id"];
  push(bucket, name, { ...written, id: newId(bucket, id), isDeleted: false });
}

/** The id that a new version must have. */
function newId(bucket: ModelBucket, id: string | undefined): string {
  if (bucket.versioning !== "enabled") return "null";
  for (const versions of bucket.keys.values()) {
    if (versions.some((version) => version.id === id)) throw new Error(`version id ${id} is given twice`);
  }
  if (id === undefined || id === "null") throw new Error(`a version got the id ${id}`);
  return id;
}

function push(bucket: ModelBucket, name: string, version: ModelVersion): void {
  const before = bucket.keys.get(name) ?? [];
  const kept = version.id === "null" ? before.filter((one) => one.id !== "null") : before;
  bucket.keys.set(name, [version, ...kept]);
}

/** The version that a step picks, and the query that names it. `version` undefined: it is not there. */
function picked(bucket: ModelBucket, name: string, count: number): Picked {
  const versions = shownVersions(bucket, name);
  if (count === 0) return { version: latestOf(bucket, name), query: {}, isNamed: false };
  const version = versions[count - 1];
  const id = version?.id ?? "A".repeat(40);
  return { version, query: { versionId: id }, isNamed: true };
}

interface Picked {
  readonly version: ModelVersion | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly isNamed: boolean;
}

/** What a read of a picked version must answer when it cannot be read; undefined: it can be. */
function unreadable({ version, isNamed }: Picked): number | undefined {
  if (version === undefined) return 404;
  if (!version.isDeleted) return undefined;
  return isNamed ? 405 : 404;
}

async function read(ask: S3Transport, bucket: ModelBucket, step: Of<"get" | "head">): Promise<void> {
  const found = picked(bucket, step.key, step.pick);
  const { version, query } = found;
  const conditions: Record<ReadCondition, Record<string, string>> = {
    none: {},
    match: { "if-match": `"${version?.etag}"` },
    noneMatch: { "if-none-match": `"${version?.etag}"` },
    other: { "if-match": '"other"' },
    noneOther: { "if-none-match": '"other"' },
  };
  const reply = await ask({
    method: step.kind === "get" ? "GET" : "HEAD",
    bucket: bucket.name,
    key: step.key,
    query,
    headers: { ...conditions[step.condition], ...(step.range === undefined ? {} : { range: step.range }) },
  });
  const refused = unreadable(found);
  if (refused !== undefined || version === undefined) return same(reply.status, refused, "status");
  if (step.condition === "other") return same(reply.status, 412, "status");
  if (step.condition === "noneMatch") return same(reply.status, 304, "status");
  const expected = rangeOf(step.range, version.body);
  same(reply.status, expected.status, "status");
  if (expected.status === 416) return;
  if (step.kind === "get") sameBytes(reply.bytes, expected.bytes);
  else same(Number(reply.headers["content-length"]), expected.bytes.length, "Content-Length");
  same(reply.headers["content-range"], expected.contentRange, "Content-Range");
  same(reply.headers.etag, `"${version.etag}"`, "ETag");
  same(reply.headers["content-type"], version.contentType, "Content-Type");
  same(decodedMeta(reply.headers["x-amz-meta-m"]), version.metadata.m, "metadata");
  const tagCount = Object.keys(version.tags).length;
  same(reply.headers["x-amz-tagging-count"], tagCount === 0 ? undefined : String(tagCount), "tag count");
  if (version.id !== "null") same(reply.headers["x-amz-version-id"], version.id, "version id");
}

async function remove(ask: S3Transport, bucket: ModelBucket, step: Of<"delete">): Promise<void> {
  const { version, query, isNamed } = picked(bucket, step.key, step.pick);
  const reply = await ask({ method: "DELETE", bucket: bucket.name, key: step.key, query });
  same(reply.status, 204, "status");
  if (!isNamed) return mark(bucket, step.key, reply.headers["x-amz-version-id"]);
  if (version === undefined) return;
  const isMarker = reply.headers["x-amz-delete-marker"];
  same(isMarker, version.isDeleted ? "true" : undefined, "delete marker");
  bucket.keys.set(
    step.key,
    (bucket.keys.get(step.key) ?? []).filter((one) => one !== version),
  );
}

/** What deleting the latest does. */
function mark(bucket: ModelBucket, name: string, id: string | undefined): void {
  if (bucket.versioning === "off") {
    bucket.keys.delete(name);
    return;
  }
  push(bucket, name, {
    id: newId(bucket, id),
    isDeleted: true,
    body: new Uint8Array(),
    etag: "",
    contentType: "",
    metadata: {},
    parts: [],
    tags: {},
  });
}

async function removeIf(ask: S3Transport, bucket: ModelBucket, step: Of<"deleteIf">): Promise<void> {
  const latest = latestOf(bucket, step.key);
  const etags = { match: `"${latest?.etag}"`, other: '"other"', any: "*" };
  const headers = { "if-match": etags[step.condition] };
  const reply = await ask({ method: "DELETE", bucket: bucket.name, key: step.key, headers });
  // What is left of a deleted object differs from bucket to bucket: both say that it is not what was expected.
  if (latest === undefined || latest.isDeleted)
    return same([404, 412].includes(reply.status), true, "refused");
  if (step.condition === "other") return same(reply.status, 412, "status");
  same(reply.status, 204, "status");
  mark(bucket, step.key, reply.headers["x-amz-version-id"]);
}

async function readPart(ask: S3Transport, bucket: ModelBucket, step: Of<"part">): Promise<void> {
  const found = picked(bucket, step.key, step.pick);
  const query = { ...found.query, partNumber: String(step.number) };
  const reply = await ask({ method: "GET", bucket: bucket.name, key: step.key, query });
  const refused = unreadable(found);
  if (refused !== undefined || found.version === undefined) return same(reply.status, refused, "status");
  const { parts, body } = found.version;
  if (step.number > Math.max(1, parts.length)) return same(reply.status, 416, "status");
  const start = parts.slice(0, step.number - 1).reduce((sum, length) => sum + length, 0);
  sameBytes(reply.bytes, body.subarray(start, start + (parts[step.number - 1] ?? body.length)));
  const count = parts.length === 0 ? undefined : String(parts.length);
  same(reply.headers["x-amz-mp-parts-count"], count, "parts");
}

async function attributes(ask: S3Transport, bucket: ModelBucket, step: Of<"attributes">): Promise<void> {
  const found = picked(bucket, step.key, step.pick);
  const query = { attributes: "", ...found.query };
  const headers = { "x-amz-object-attributes": "ETag,ObjectSize,ObjectParts" };
  const reply = await ask({ method: "GET", bucket: bucket.name, key: step.key, query, headers });
  const refused = unreadable(found);
  if (refused !== undefined || found.version === undefined) return same(reply.status, refused, "status");
  const { etag, body, parts } = found.version;
  same(
    [element(reply.text, "ETag"), element(reply.text, "ObjectSize")],
    [etag, String(body.length)],
    "facts",
  );
  same(
    elements(reply.text, "Part").map((part) => Number(element(part, "Size"))),
    parts,
    "parts",
  );
}

async function removeMany(ask: S3Transport, bucket: ModelBucket, step: Of<"deleteMany">): Promise<void> {
  const objects = step.keys.map((name) => `<Object><Key>${escaped(name)}</Key></Object>`).join("");
  const body = `<Delete><Quiet>${step.isQuiet}</Quiet>${objects}</Delete>`;
  const reply = await ask({
    method: "POST",
    bucket: bucket.name,
    query: { delete: "" },
    headers: { "content-md5": createHash("md5").update(body).digest("base64") },
    body,
  });
  same(reply.status, 200, "status");
  same(elements(reply.text, "Error").length, 0, "errors");
  const deleted = elements(reply.text, "Deleted");
  same(deleted.length, step.isQuiet ? 0 : step.keys.length, "deleted");
  if (step.isQuiet && bucket.versioning === "enabled") {
    // The ids of the markers are only to be had by looking.
    for (const name of step.keys) {
      const shown = await allVersions(ask, bucket, name, 100);
      mark(bucket, name, shown.find((item) => item.key === name)?.id);
    }
    return;
  }
  step.keys.forEach((name, index) => {
    mark(bucket, name, element(deleted[index] ?? "", "DeleteMarkerVersionId"));
  });
}

async function list(ask: S3Transport, bucket: ModelBucket, step: Of<"list">): Promise<void> {
  const keys: string[] = [];
  const prefixes: string[] = [];
  let from: Record<string, string> = {};
  for (let pages = 0; pages < 50; pages += 1) {
    const { text, status } = await ask({
      method: "GET",
      bucket: bucket.name,
      query: {
        ...(step.version === 2 ? { "list-type": "2" } : {}),
        prefix: step.prefix,
        "max-keys": String(step.page),
        ...(step.delimiter ? { delimiter: "/" } : {}),
        ...from,
      },
    });
    same(status, 200, "status");
    const contents = elements(text, "Contents");
    for (const item of contents) {
      const name = element(item, "Key") ?? "";
      const version = latestOf(bucket, name);
      same(element(item, "ETag"), `"${version?.etag}"`, `ETag of ${name}`);
      same(element(item, "Size"), String(version?.body.length), `size of ${name}`);
      keys.push(name);
    }
    const rolled = elements(text, "CommonPrefixes").map((item) => element(item, "Prefix") ?? "");
    prefixes.push(...rolled);
    if (element(text, "IsTruncated") !== "true") break;
    const last = [...contents.map((item) => element(item, "Key") ?? ""), ...rolled].sort(byBytes).at(-1);
    if (step.version === 2) from = { "continuation-token": element(text, "NextContinuationToken") ?? "" };
    else from = { marker: element(text, "NextMarker") ?? last ?? "" };
  }
  const expected = listing(bucket, step.prefix, step.delimiter);
  same(keys, expected.keys, "keys");
  same(prefixes, expected.prefixes, "prefixes");
}

interface ShownVersion {
  readonly key: string;
  readonly id: string;
  readonly isDeleted: boolean;
  readonly isLatest: boolean;
  readonly etag: string;
}

async function listVersions(ask: S3Transport, bucket: ModelBucket, step: Of<"versions">): Promise<void> {
  const shown = await allVersions(ask, bucket, step.prefix, step.page);
  const expected: ShownVersion[] = [];
  for (const name of [...bucket.keys.keys()].sort(byBytes)) {
    if (!name.startsWith(step.prefix)) continue;
    shownVersions(bucket, name).forEach((version, index) => {
      const { id, isDeleted, etag } = version;
      expected.push({ key: name, id, isDeleted, isLatest: index === 0, etag: isDeleted ? "" : `"${etag}"` });
    });
  }
  same(shown, expected, "versions");
}

async function allVersions(
  ask: S3Transport,
  bucket: ModelBucket,
  under: string,
  page: number,
): Promise<readonly ShownVersion[]> {
  const shown: ShownVersion[] = [];
  let from: Record<string, string> = {};
  for (let pages = 0; pages < 500; pages += 1) {
    const query = { versions: "", prefix: under, "max-keys": String(page), ...from };
    const { text, status } = await ask({ method: "GET", bucket: bucket.name, query });
    same(status, 200, "status");
    for (const [, kind, item = ""] of text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
      shown.push({
        key: element(item, "Key") ?? "",
        id: element(item, "VersionId") ?? "",
        isDeleted: kind === "DeleteMarker",
        isLatest: element(item, "IsLatest") === "true",
        etag: element(item, "ETag") ?? "",
      });
    }
    if (element(text, "IsTruncated") !== "true") return shown;
    const id = element(text, "NextVersionIdMarker");
    from = {
      "key-marker": element(text, "NextKeyMarker") ?? "",
      ...(id === undefined ? {} : { "version-id-marker": id }),
    };
  }
  throw new Error("the versions have no end");
}

async function copy(ask: S3Transport, bucket: ModelBucket, step: Of<"copy">): Promise<void> {
  const found = picked(bucket, step.from, step.pick);
  const { version, query, isNamed } = found;
  const source = encodeURIComponent(`${bucket.name}/${step.from}`);
  const versionId = query.versionId === undefined ? "" : `?versionId=${query.versionId}`;
  const replaced = {
    "x-amz-metadata-directive": "REPLACE",
    "x-amz-tagging-directive": "REPLACE",
    "content-type": "text/replaced",
    "x-amz-tagging": formOf(step.tags),
  };
  const reply = await ask({
    method: "PUT",
    bucket: bucket.name,
    key: step.to,
    headers: { "x-amz-copy-source": `/${source}${versionId}`, ...(step.isReplaced ? replaced : {}) },
  });
  const refused = unreadable(found);
  // A delete marker that is named as a source is a wrong request, not a method that is not allowed.
  if (refused === 405) return same(reply.code, "InvalidRequest", "code");
  if (refused !== undefined || version === undefined) return same(reply.status, refused, "status");
  if (!step.isReplaced && !isNamed && step.from === step.to)
    return same(reply.code, "InvalidRequest", "code");
  same(reply.status, 200, "status");
  same(element(reply.text, "ETag"), `"${version.etag}"`, "ETag");
  const written = step.isReplaced
    ? { contentType: "text/replaced", metadata: {}, tags: step.tags }
    : { contentType: version.contentType, metadata: version.metadata, tags: version.tags };
  write(bucket, step.to, reply, { body: version.body, etag: version.etag, parts: version.parts, ...written });
}

async function multipart(
  { ask, restart }: ModelWorld,
  bucket: ModelBucket,
  step: Of<"multipart">,
  serial: number,
): Promise<void> {
  const at = { bucket: bucket.name, key: step.key };
  const begun = await ask({
    method: "POST",
    ...at,
    query: { uploads: "" },
    headers: { "content-type": "text/parts" },
  });
  same(begun.status, 200, "status");
  const uploadId = element(begun.text, "UploadId") ?? "";
  const bodies = step.parts.map((length, index) => bodyOf(length, serial * 10 + index));
  // In any order: the last first.
  for (const index of bodies.map((_, position) => position).reverse()) {
    const query = { uploadId, partNumber: String(index + 1) };
    const reply = await ask({ method: "PUT", ...at, query, body: bodies[index] });
    same([reply.status, reply.headers.etag], [200, `"${md5(bodies[index] ?? new Uint8Array())}"`], "part");
  }
  const copied = step.from === undefined ? undefined : latestOf(bucket, step.from);
  if (step.from !== undefined) {
    const source = encodeURIComponent(`${bucket.name}/${step.from}`);
    const query = { uploadId, partNumber: String(bodies.length + 1) };
    const reply = await ask({ method: "PUT", ...at, query, headers: { "x-amz-copy-source": source } });
    const isThere = copied !== undefined && !copied.isDeleted;
    same(reply.status, isThere ? 200 : 404, "copied part");
    if (isThere) bodies.push(copied.body);
  }
  if (step.isInterrupted) await restart();
  if (step.isAborted) {
    const reply = await ask({ method: "DELETE", ...at, query: { uploadId } });
    return same(reply.status, 204, "status");
  }
  const parts = bodies.map(
    (body, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${md5(body)}"</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const complete = () => ask({ method: "POST", ...at, query: { uploadId }, body });
  const reply = await complete();
  const isTooSmall = bodies.slice(0, -1).some((one) => one.length < PART_BYTES_MIN);
  if (isTooSmall) {
    same(reply.code, "EntityTooSmall", "code");
    return same((await ask({ method: "DELETE", ...at, query: { uploadId } })).status, 204, "status");
  }
  same(reply.status, 200, "status");
  const digests = bodies.map((one) => createHash("md5").update(one).digest());
  const etag = `${md5(Buffer.concat(digests))}-${bodies.length}`;
  same(element(reply.text, "ETag"), `"${etag}"`, "ETag");
  if (step.isTwice) {
    const again = await complete();
    same(
      [again.status, again.headers["x-amz-version-id"]],
      [200, reply.headers["x-amz-version-id"]],
      "again",
    );
  }
  const content = new Uint8Array(Buffer.concat(bodies));
  const sizes = bodies.map((one) => one.length);
  const written = { contentType: "text/parts", metadata: {}, parts: sizes, tags: {} };
  write(bucket, step.key, reply, { body: content, etag, ...written });
}

async function retag(ask: S3Transport, bucket: ModelBucket, step: Of<"tags">): Promise<void> {
  const found = picked(bucket, step.key, step.pick);
  const query = { tagging: "", ...found.query };
  const at = { bucket: bucket.name, key: step.key, query };
  const before = await ask({ method: "GET", ...at });
  const refused = unreadable(found);
  if (refused !== undefined || found.version === undefined) return same(before.status, refused, "status");
  same(tagsShown(before.text), sorted(found.version.tags), "tags");
  const isRemoved = Object.keys(step.tags).length === 0;
  const set = Object.entries(step.tags).map(
    ([name, value]) => `<Tag><Key>${escaped(name)}</Key><Value>${escaped(value)}</Value></Tag>`,
  );
  const body = `<Tagging><TagSet>${set.join("")}</TagSet></Tagging>`;
  const reply = await ask(isRemoved ? { method: "DELETE", ...at } : { method: "PUT", ...at, body });
  same(reply.status, isRemoved ? 204 : 200, "status");
  found.version.tags = step.tags;
}

function tagsShown(text: string): readonly string[] {
  return elements(text, "Tag")
    .map((tag) => `${element(tag, "Key")}=${element(tag, "Value")}`)
    .sort();
}

const sorted = (given: Tags) =>
  Object.entries(given)
    .map(([name, value]) => `${name}=${value}`)
    .sort();

/** A delete marker `null` with nothing below it says nothing, and is not shown. */
function shownVersions(bucket: ModelBucket, name: string): readonly ModelVersion[] {
  const versions = bucket.keys.get(name) ?? [];
  const last = versions.at(-1);
  return last?.isDeleted === true && last.id === "null" ? versions.slice(0, -1) : versions;
}

function latestOf(bucket: ModelBucket, name: string): ModelVersion | undefined {
  return bucket.keys.get(name)?.[0];
}

function listing(bucket: ModelBucket, under: string, isRolledUp: boolean) {
  const keys: string[] = [];
  const prefixes = new Set<string>();
  for (const name of [...bucket.keys.keys()].sort(byBytes)) {
    const latest = latestOf(bucket, name);
    if (latest === undefined || latest.isDeleted || !name.startsWith(under)) continue;
    const at = isRolledUp ? name.indexOf("/", under.length) : -1;
    if (at < 0) keys.push(name);
    else prefixes.add(name.slice(0, at + 1));
  }
  return { keys, prefixes: [...prefixes] };
}

function rangeOf(text: string | undefined, body: Uint8Array) {
  const whole = { status: 200, bytes: body, contentRange: undefined };
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? "");
  if (match === null) return whole;
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  if (first !== "" && last !== "" && Number(last) < Number(first)) return whole;
  const start = first === "" ? Math.max(0, body.length - Number(last)) : Number(first);
  if (start >= body.length) return { status: 416, bytes: new Uint8Array(), contentRange: undefined };
  const end = first === "" || last === "" ? body.length : Math.min(body.length, Number(last) + 1);
  return {
    status: 206,
    bytes: body.subarray(start, end),
    contentRange: `bytes ${start}-${end - 1}/${body.length}`,
  };
}

/** Bytes of their own for each serial, some of them alike from one to the next. */
function bodyOf(length: number, serial: number): Uint8Array {
  const body = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) body[at] = (at * 7 + (at >> 9) * (1 + (serial % 3))) & 255;
  for (let at = 0; at < Math.min(4, length); at += 1) body[at] = (serial >> (8 * at)) & 255;
  return body;
}

function decodedMeta(value: string | undefined): string | undefined {
  return value?.replace(/=\?UTF-8\?B\?([^?]*)\?= ?/g, (_, content: string) =>
    Buffer.from(content, "base64").toString(),
  );
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const latin1 = (text: string) => Buffer.from(text).toString("latin1");
const formOf = (given: Tags) =>
  Object.entries(given)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

function same(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  throw new Error(`other bytes: ${actual.length} instead of ${expected.length}`);
}
