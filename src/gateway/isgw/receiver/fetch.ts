/**
 * Brings the content of versions to this segment: asks the store what is missing, wants only that, stores every piece as it
 * comes and every node after what is beneath it. What arrived stays, so that a cut costs only what was on the way.
 *
 * Invariants: at most the budget's bytes are asked for and not stored; at most so many nodes are open at each depth of
 * the trees, and a task waits only for tasks deeper than itself, so nothing can wait in a circle.
 */
import { equalBytes } from "../../../base/bytes.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { Limiter } from "../../../base/limiter.ts";
import { decodeNode } from "../../../model/chunk-manifest.ts";
import { nodeId } from "../../../model/hash.ts";
import type { ContentId } from "../../../model/ids.ts";
import { CHUNK_BYTES_MAX, NODE_BYTES_MAX, TREE_DEPTH_MAX } from "../../../model/limits.ts";
import type { ContentRoot, Reference } from "../../../model/reference.ts";
import type { ContentPiece, Contents, ReceivedPiece } from "../../../segment/replication.ts";
import type { Want } from "../wire/pieces.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { Loader } from "./loader.ts";
import { materialise } from "./materialise.ts";
import { plainOf } from "./stored-form.ts";
import type { GivenPiece, Wants } from "./wants.ts";

const WIDE = 128;
const NARROW = 16;
/** Depths at which many nodes are open at once: the roots of many small objects, and what is right under them. */
const WIDE_DEPTHS = 2;
const STORE_BYTES = 1024 * 1024;

/** A version's content, wanted for a batch. */
export interface Source {
  readonly batch: number;
  /** Which version of the batch. */
  readonly index: number;
  readonly base: ContentRoot;
  /** Whether the base is here, so that differences from it will do. */
  hasBase: boolean | undefined;
}

export interface Found {
  pieces: number;
  bytes: number;
}

export interface FetchOptions {
  /** Where what comes is stored. */
  readonly contents: Contents;
  readonly wants: Wants;
  readonly budget: ByteBudget;
  onStored(kind: ContentPiece["kind"], batch: number): void;
}

interface Place {
  readonly source: Source;
  /** 0: a root; else the want that brought the parent. */
  readonly parent: number;
  readonly index: number;
  readonly depth: number;
  readonly lengthBytes: number;
}

type Stored = ReceivedPiece["stored"];

export class Fetcher {
  readonly #options: FetchOptions;
  readonly #presence: Loader<ContentPiece, boolean>;
  readonly #store: Loader<ReceivedPiece, undefined>;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #gates: readonly Limiter[];

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#gates = Array.from(
      { length: TREE_DEPTH_MAX + 1 },
      (_, depth) => new Limiter(depth < WIDE_DEPTHS ? WIDE : NARROW),
    );
    this.#presence = new Loader({
      run: async (pieces) => {
        const missing = new Set(await options.contents.missing(pieces));
        return pieces.map((_, index) => !missing.has(index));
      },
      itemsMax: 10_000,
      bytesMax: Number.POSITIVE_INFINITY,
      callsMax: 2,
      sizeOf: () => 0,
    });
    this.#store = new Loader({
      run: (pieces) => this.#storeAll(pieces),
      itemsMax: 1024,
      bytesMax: STORE_BYTES,
      callsMax: 2,
      sizeOf: (piece) => piece.stored.bytes.length,
    });
  }

  /**
   * Durable and complete when it resolves. @throws AbsentError when the sender cannot give it; HASH_MISMATCH, PROTOCOL for
   * what does not fit its id; what the store throws
   */
  async fetch(root: ContentRoot, source: Source, found: Found): Promise<void> {
    if (root.kind === "none" || root.kind === "zeros") return;
    const place = { source, parent: 0, index: source.index, depth: 0, lengthBytes: root.lengthBytes };
    await this.#bring({ kind: root.kind, id: root.id }, place, found);
  }

  async #bring(piece: ContentPiece, place: Place, found: Found): Promise<void> {
    const key = `${piece.kind}:${Buffer.from(piece.id.buffer, piece.id.byteOffset, 32).toString("latin1")}`;
    // Somebody else may be at it; when that fails (its batch was given up) this one tries for itself.
    for (let other = this.#underWay.get(key); other !== undefined; other = this.#underWay.get(key)) {
      const isDone = await other.then(
        () => true,
        () => false,
      );
      if (isDone) return;
    }
    const task = this.#bringAlone(piece, place, found);
    this.#underWay.set(key, task);
    try {
      await task;
    } finally {
      if (this.#underWay.get(key) === task) this.#underWay.delete(key);
    }
  }

  async #bringAlone(piece: ContentPiece, place: Place, found: Found): Promise<void> {
    if (await this.#presence.load(piece)) {
      found.pieces += piece.kind === "small" ? 0 : 1;
      found.bytes += place.lengthBytes;
      return;
    }
    const { source } = place;
    if (piece.kind !== "small") source.hasBase ??= await this.#isHere(source.base);
    if (piece.kind !== "node") return this.#bringLeaf(piece, place);
    if (place.depth > TREE_DEPTH_MAX) throw new EfsError("PROTOCOL", "a tree is deeper than its limit");
    await this.#gates[place.depth]?.run(() => this.#bringNode(piece, place, found));
  }

  async #bringLeaf(piece: ContentPiece, place: Place): Promise<void> {
    // A slice may be of a longer chunk; more than the usual longest is rare and only makes the budget a little wrong.
    const sizeBytes = Math.min(Math.max(place.lengthBytes, 64), CHUNK_BYTES_MAX);
    await this.#options.budget.acquire(sizeBytes);
    try {
      await this.#wantAndStore(piece, place);
    } finally {
      this.#options.budget.release(sizeBytes);
    }
  }

  async #bringNode(piece: ContentPiece, place: Place, found: Found): Promise<void> {
    const { number, stored, plain } = await this.#receive(piece, place);
    const { wants } = this.#options;
    try {
      const children = distinct(decodeNode(plain));
      const tasks = children.map(([index, reference]) =>
        this.#bring(
          { kind: reference.kind, id: reference.id },
          {
            source: place.source,
            parent: number,
            index,
            depth: place.depth + 1,
            lengthBytes: reference.lengthBytes,
          },
          found,
        ),
      );
      // All are waited for, so that none works on for a node that was given up.
      const outcomes = await Promise.allSettled(tasks);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    } finally {
      wants.release(place.source.batch, number);
    }
    await this.#store.load({ ...piece, stored });
    this.#options.onStored("node", place.source.batch);
  }

  /** A node as it came and its plain bytes, which match its id. */
  async #receive(
    piece: ContentPiece,
    place: Place,
  ): Promise<{ readonly number: number; readonly stored: Stored; readonly plain: Uint8Array }> {
    for (let attempt = 0; ; attempt += 1) {
      const given = await this.#want(place, attempt);
      const stored = await materialise(this.#options.contents, given.piece, place.source.base);
      const plain = stored === undefined ? undefined : plainOf(stored, NODE_BYTES_MAX);
      if (stored !== undefined && plain !== undefined && equalBytes(nodeId(plain), piece.id)) {
        return { number: given.number, stored, plain };
      }
      this.#options.wants.release(place.source.batch, given.number);
      if (attempt >= 2) throw mismatch(piece.id);
    }
  }

  async #wantAndStore(piece: ContentPiece, place: Place): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const { piece: given } = await this.#want(place, attempt);
      const stored = await materialise(this.#options.contents, given, place.source.base);
      try {
        if (stored !== undefined) {
          await this.#store.load({ ...piece, stored });
          this.#options.onStored(piece.kind, place.source.batch);
          return;
        }
      } catch (thrown) {
        const error = toEfsError(thrown);
        if (error.code !== "HASH_MISMATCH" || attempt >= 2) throw error;
      }
      if (attempt >= 2) throw mismatch(piece.id);
    }
  }

  /** First any form will do; then as stored; then checked by the sender before it gives it. */
  #want(place: Place, attempt: number): Promise<GivenPiece> {
    const want: Want = {
      parent: place.parent,
      index: place.index,
      mayDiffer: attempt === 0 && place.source.hasBase === true,
      mustVerify: attempt >= 1,
    };
    return this.#options.wants.want(place.source.batch, want);
  }

  async #isHere(root: ContentRoot): Promise<boolean> {
    if (root.kind === "none" || root.kind === "zeros") return false;
    return this.#presence.load({ kind: root.kind, id: root.id });
  }

  /** One call; when a piece of it does not match its id, one by one, so that the others are not lost. */
  async #storeAll(pieces: readonly ReceivedPiece[]): Promise<ReadonlyArray<undefined | Error>> {
    const { contents } = this.#options;
    try {
      await contents.store(pieces);
      return pieces.map(() => undefined);
    } catch (thrown) {
      if (toEfsError(thrown).code !== "HASH_MISMATCH" || pieces.length === 1) throw thrown;
    }
    const outcomes: Array<undefined | Error> = [];
    for (const piece of pieces) {
      outcomes.push(
        await contents.store([piece]).then(
          () => undefined,
          (thrown) => toEfsError(thrown),
        ),
      );
    }
    return outcomes;
  }
}

type PieceReference = Exclude<Reference, { kind: "zeros" }>;

/** References that name something, each id once, with their places in the node. */
function distinct(
  references: readonly Reference[],
): ReadonlyArray<readonly [index: number, reference: PieceReference]> {
  const seen = new Set<string>();
  const children: Array<readonly [number, PieceReference]> = [];
  for (const [index, reference] of references.entries()) {
    if (reference.kind === "zeros") continue;
    const key = Buffer.from(reference.id.buffer, reference.id.byteOffset, 32).toString("latin1");
    if (seen.has(key)) continue;
    seen.add(key);
    children.push([index, reference]);
  }
  return children;
}

function mismatch(id: ContentId): EfsError {
  return new EfsError(
    "HASH_MISMATCH",
    `what the peer gave does not match its id ${Buffer.from(id).toString("hex")}`,
  );
}
