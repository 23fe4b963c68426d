/** Uploads against a model: random calls, several uploads of a name at once, restarts in between. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex, utf8 } from "../../../src/base/bytes.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { PART_BYTES_MIN } from "../../../src/segment/uploads.ts";
import { brokenInvariants } from "../invariants.ts";
import { BUCKET, bytesOf, keptOpen, object, TestClock, testSegment, withBucket } from "../support.ts";
import { digestOf, md5Of, putPart } from "./parts.ts";

const ZEROS = new Uint8Array(PART_BYTES_MIN);
const ZEROS_MD5 = md5Of(ZEROS);
const NAMES = ["a", "a/b", "b"];

interface ModelUpload {
  readonly id: string;
  readonly name: string;
  readonly parts: Map<number, Uint8Array>;
  state: "open" | "aborted" | { readonly list: readonly number[]; readonly uvid: string };
}

type Step =
  | { readonly kind: "create"; readonly name: string }
  | {
      readonly kind: "part";
      readonly which: number;
      readonly number: number;
      readonly text: string | undefined;
    }
  | { readonly kind: "complete"; readonly which: number; readonly numbers: readonly number[] }
  | { readonly kind: "repeat" | "abort" | "parts"; readonly which: number }
  | { readonly kind: "list" | "restart" };

const which = fc.nat(20);
const number = fc.constantFrom(1, 2, 3, 9, 10_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create"), name: fc.constantFrom(...NAMES) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("part"),
      which,
      number,
      text: fc.option(fc.string({ maxLength: 8 }), { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("complete"),
      which,
      numbers: fc.uniqueArray(number, { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("repeat", "abort", "parts"), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("list", "restart") }) },
);

class World {
  readonly #clock = new TestClock();
  readonly #engine = openMemoryEngine({ clock: this.#clock });
  readonly #uploads: ModelUpload[] = [];
  readonly #objects = new Map<string, Uint8Array>();
  #segment: Segment | undefined;
  #seed = 1;

  async open(): Promise<Segment> {
    this.#seed += 1;
    this.#segment ??= await testSegment({
      clock: this.#clock,
      engine: keptOpen(this.#engine),
      seed: this.#seed,
    });
    return this.#segment;
  }

  async begin(): Promise<void> {
    const segment = await withBucket(await this.open());
    await segment.objects.put(object("zeros"), ZEROS, { digest: digestOf(ZEROS) });
    this.#objects.set("zeros", ZEROS);
  }

  async take(one: Step): Promise<void> {
    this.#clock.advance(1);
    const segment = await this.open();
    const upload = "which" in one ? this.#uploads[one.which % Math.max(1, this.#uploads.length)] : undefined;
    if ("which" in one && upload === undefined) return;
    if (one.kind === "create") {
      const { id } = await segment.uploads.create(object(one.name));
      this.#uploads.push({ id, name: one.name, parts: new Map(), state: "open" });
    } else if (one.kind === "restart") {
      await segment.close();
      this.#segment = undefined;
    } else if (one.kind === "list") await this.#list(segment);
    else if (upload === undefined) return;
    else if (one.kind === "part") await this.#part(segment, upload, one);
    else if (one.kind === "complete") await this.#complete(segment, upload, one.numbers);
    else if (one.kind === "repeat" && typeof upload.state === "object") {
      await this.#complete(segment, upload, upload.state.list);
    } else if (one.kind === "abort") {
      await this.#expect(segment.uploads.abort(object(upload.name), upload.id), upload.state === "open");
      if (upload.state === "open") upload.state = "aborted";
    } else await this.#parts(segment, upload);
  }

  async check(): Promise<void> {
    const segment = await this.open();
    for (const [name, bytes] of this.#objects) {
      const found = await bytesOf(await segment.objects.get(object(name)));
      expect(hashOf(found)).toBe(hashOf(bytes));
    }
    await this.#list(segment);
    expect(await brokenInvariants(segment, this.#engine, BUCKET)).toEqual([]);
    const left = this.#uploads.reduce(
      (sum, { state, parts }) => sum + (state === "open" ? parts.size : 0),
      0,
    );
    await expect.poll(() => this.#partRecords()).toBe(left);
  }

  async #part(segment: Segment, upload: ModelUpload, one: { number: number; text: string | undefined }) {
    const path = object(upload.name);
    const bytes = one.text === undefined ? ZEROS : utf8(one.text);
    const put =
      one.text === undefined
        ? segment.uploads.copyPart(path, upload.id, one.number, { path: object("zeros") })
        : putPart(segment, path, upload.id, one.number, bytes);
    await this.#expect(put, upload.state === "open");
    if (upload.state === "open") upload.parts.set(one.number, bytes);
  }

  async #complete(segment: Segment, upload: ModelUpload, numbers: readonly number[]) {
    const list = numbers.map((part) => ({ number: part, md5: md5(upload.parts.get(part)) }));
    const call = segment.uploads.complete(object(upload.name), upload.id, list);
    const { state, parts } = upload;
    if (typeof state === "object" && String(state.list) === String(numbers)) {
      expect((await call).uvid).toBe(state.uvid);
      return;
    }
    const isAscending = numbers.every((part, index) => index === 0 || part > (numbers[index - 1] ?? 0));
    const isLong = numbers.slice(0, -1).every((part) => (parts.get(part)?.length ?? 0) >= PART_BYTES_MIN);
    const isThere = numbers.length > 0 && numbers.every((part) => parts.has(part));
    const isFine = state === "open" && isAscending && isLong && isThere;
    const version = await this.#expect(call, isFine);
    if (version === undefined) return;
    upload.state = { list: numbers, uvid: version.uvid };
    const content = Buffer.concat(numbers.map((part) => parts.get(part) ?? new Uint8Array()));
    expect(version.sizeBytes).toBe(content.length);
    this.#objects.set(upload.name, content);
  }

  async #parts(segment: Segment, { name, id, parts, state }: ModelUpload) {
    const page = await this.#expect(segment.uploads.listParts(object(name), id), state === "open");
    if (page === undefined) return;
    const expected = [...parts].sort(([left], [right]) => left - right);
    expect(page.parts.map((part) => [part.number, toHex(part.md5)])).toEqual(
      expected.map(([part, bytes]) => [part, toHex(md5(bytes))]),
    );
  }

  async #list(segment: Segment) {
    const { items } = await segment.uploads.list(BUCKET);
    const open = this.#uploads.filter(({ state }) => state === "open").map(({ name, id }) => `${name} ${id}`);
    const found = items.map((item) =>
      item.kind === "upload" ? `${item.upload.object} ${item.upload.id}` : "",
    );
    expect(found).toEqual(open.sort());
  }

  /** The answer when the call must succeed, undefined when it must fail. */
  async #expect<T>(call: Promise<T>, isFine: boolean): Promise<T | undefined> {
    if (isFine) return call;
    const thrown = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(EfsError);
    expect(["UPLOAD_NOT_FOUND", "BAD_PART", "PART_ORDER", "PART_TOO_SMALL"]).toContain(
      (thrown as EfsError).code,
    );
    return undefined;
  }

  async #partRecords(): Promise<number> {
    const page = await this.#engine.records.scan({ from: utf8("p"), to: utf8("q"), limit: 10_000 });
    return page.records.length;
  }
}

function md5(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) return new Uint8Array(16);
  return bytes === ZEROS ? ZEROS_MD5 : md5Of(bytes);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("whatever is called in whatever order, uploads are as a model says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
      const world = new World();
      await world.begin();
      for (const one of steps) await world.take(one);
      await world.check();
    }),
    { seed: 11, numRuns: 25 },
  );
}, 60_000);
