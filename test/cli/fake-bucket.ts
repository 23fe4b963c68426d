/** An admin API with one bucket in memory: enough for puts and gets of trees. Content ids are real, so that --checksum can work. */
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { ObjectInfo } from "../../src/api/object.ts";
import { toHex } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { contentId } from "../../src/model/hash.ts";

interface Stored {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

export class FakeBucket {
  readonly objects = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** Runs before each put; may throw, or change files behind its back. */
  beforePut: (name: string) => Promise<void> | void = () => {};
  inFlight = 0;
  inFlightMax = 0;
  #generation = 0;

  readonly api: Partial<AdminClient> = {
    showBucket: async (path) => {
      if (path !== "Hawaii/Cola/bk1") throw new EfsError("BUCKET_NOT_FOUND", `there is no bucket ${path}`);
      return {} as never;
    },
    showObjects: async (_, names) => {
      this.calls.push(`showObjects ${names.length}`);
      return names.map((name) => this.objects.get(name)?.info ?? null);
    },
    showObject: async (_, name) => this.#find(name).info,
    putObject: async (_, name, body, options = {}) => {
      this.inFlight += 1;
      this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
      try {
        this.calls.push(`putObject ${name}`);
        await this.beforePut(name);
        const bytes = await whole(body);
        return this.store(name, bytes, options.metadata ?? {});
      } finally {
        this.inFlight -= 1;
      }
    },
    copyObject: async ({ from, metadata }) => {
      this.calls.push(`copyObject ${from}`);
      const name = from.split("/").slice(3).join("/");
      return this.store(name, this.#find(name).bytes, metadata ?? {});
    },
    getObject: async (_, name, { startByte = 0, endByte } = {}) => {
      const { info, bytes } = this.#find(name);
      const part = bytes.subarray(startByte, endByte);
      return { info, startByte, endByte: startByte + part.length, body: pieces(part) };
    },
    deleteObject: async (_, name) => {
      this.calls.push(`deleteObject ${name}`);
      const { info } = this.#find(name);
      this.objects.delete(name);
      return info;
    },
    listObjects: async (_, { prefix = "", after = "", limit = 1000 } = {}) => {
      const names = [...this.objects.keys()]
        .filter((name) => name.startsWith(prefix) && compare(name, after) > 0)
        .sort(compare);
      const items = names.slice(0, limit).map((name) => this.#find(name).info);
      return { items, prefixes: [], next: names.length > limit ? (names[limit - 1] ?? null) : null };
    },
  };

  store(name: string, bytes: Uint8Array, metadata: Readonly<Record<string, string>> = {}): ObjectInfo {
    this.#generation += 1;
    const info: ObjectInfo = {
      name,
      versionId: this.#generation.toString(16).toUpperCase().padStart(48, "0"),
      generation: this.#generation,
      sizeBytes: bytes.length,
      isDeleted: false,
      isLatest: true,
      modified: "2019-12-24T00:00:00.000Z",
      contentType: null,
      contentKind: bytes.length > 0 ? "chunk" : "none",
      contentId: bytes.length > 0 ? toHex(contentId(bytes)) : null,
      metadata,
    };
    this.objects.set(name, { info, bytes });
    return info;
  }

  #find(name: string): Stored {
    const stored = this.objects.get(name);
    if (stored === undefined) throw new EfsError("OBJECT_NOT_FOUND", `there is no object ${name}`);
    return stored;
  }
}

const compare = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

async function whole(body: AsyncIterable<Uint8Array> | Uint8Array): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body.slice();
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 1000) yield bytes.subarray(offset, offset + 1000);
}
