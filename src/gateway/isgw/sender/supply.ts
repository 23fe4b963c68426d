/**
 * What a sender gives when the receiver pulls: pieces as they are stored, or as differences from what the receiver has.
 * Serves only what a batch under way leads to. Wants are answered in order, a bounded group at a time, as fast as the
 * connection takes them.
 */
import { concat } from "../../../base/bytes.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import type { BucketPath } from "../../../model/names.ts";
import type { ContentRoot, Reference } from "../../../model/reference.ts";
import type { ContentPiece, Contents } from "../../../segment/replication.ts";
import type { FrameConnection } from "../link/connection.ts";
import type { BatchVersion } from "../wire/batch.ts";
import { makeDelta } from "../wire/delta.ts";
import { FRAME } from "../wire/frame.ts";
import {
  BASE_BYTES_MAX,
  decodePull,
  encodePieces,
  PIECE_BYTES_MAX,
  type Piece,
  type Want,
} from "../wire/pieces.ts";
import { type DifferencePlan, idKey, planDifference } from "./difference.ts";

const WANTS_MAX = 65_536;
const NODES_MAX = 4096;
const GROUP_WANTS = 512;
const GROUP_BYTES = 1024 * 1024;
/** A frame of pieces is sent when it has grown to this. */
const FRAME_BYTES = 256 * 1024;
/** Pieces that are stored plain and are longer than this were found not to compress. */
const PACKABLE_BYTES_MAX = 4096;

/** A batch that the receiver may pull from. */
export interface OpenBatch {
  readonly bucket: BucketPath;
  /** Where the bucket's content is. */
  readonly contents: Contents;
  readonly versions: readonly BatchVersion[];
}

export interface SupplyOptions {
  readonly connection: FrameConnection;
  batch(number: number): OpenBatch | undefined;
  /** Content of a version cannot be read here; resolved when that is on record. */
  onAbsent(batch: OpenBatch, version: BatchVersion, error: EfsError): Promise<void>;
  onGiven(batch: OpenBatch, kind: ContentPiece["kind"]): void;
}

interface Order {
  readonly number: number;
  readonly batchNumber: number;
  readonly batch: OpenBatch;
  readonly source: BatchVersion;
  readonly piece: ContentPiece;
  readonly lengthBytes: number;
  readonly want: Want;
}

interface OpenNode {
  readonly batchNumber: number;
  readonly source: BatchVersion;
  readonly references: readonly Reference[];
}

export class Supply {
  readonly #options: SupplyOptions;
  readonly #orders: Order[] = [];
  readonly #nodes = new Map<number, OpenNode>();
  readonly #plans = new Map<BatchVersion, Promise<DifferencePlan | undefined>>();
  #nextWant = 1;
  #isPumping = false;

  constructor(options: SupplyOptions) {
    this.#options = options;
  }

  /** Takes a PULL. @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
  pull(batchNumber: number, body: Uint8Array): void {
    const batch = this.#options.batch(batchNumber);
    if (batch === undefined) throw new EfsError("PROTOCOL", "the peer pulls from a batch that is not open");
    const pull = decodePull(body, this.#nextWant);
    for (const release of pull.releases) this.#nodes.delete(release);
    for (const want of pull.wants) {
      const { root, source } = this.#resolve(batchNumber, batch, want);
      const piece = { kind: root.kind, id: root.id };
      const { lengthBytes } = root;
      this.#orders.push({ number: this.#nextWant, batchNumber, batch, source, piece, lengthBytes, want });
      this.#nextWant += 1;
    }
    if (this.#orders.length > WANTS_MAX) throw new EfsError("PROTOCOL", "the peer wants too much at once");
    if (!this.#isPumping) void this.#pump();
  }

  /** The batch is done: nothing can be pulled from it any more. */
  forget(batchNumber: number, batch: OpenBatch): void {
    for (const [number, node] of this.#nodes)
      if (node.batchNumber === batchNumber) this.#nodes.delete(number);
    for (const version of batch.versions) this.#plans.delete(version);
  }

  #resolve(batchNumber: number, batch: OpenBatch, want: Want): { root: PieceRoot; source: BatchVersion } {
    if (want.parent === 0) {
      const source = batch.versions[want.index];
      if (source === undefined)
        throw new EfsError("PROTOCOL", "the peer wants a version that is not in the batch");
      return { root: pieceRoot(source.version.content), source };
    }
    const parent = this.#nodes.get(want.parent);
    if (parent === undefined || parent.batchNumber !== batchNumber) {
      throw new EfsError("PROTOCOL", "the peer wants a part of a node that it was not given");
    }
    return { root: pieceRoot(parent.references[want.index]), source: parent.source };
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#orders.length > 0 && !this.#options.connection.isClosed)
        await this.#serve(this.#takeGroup());
    } catch (thrown) {
      this.#options.connection.close(toEfsError(thrown));
    } finally {
      this.#isPumping = false;
    }
  }

  /** Orders of one batch, in order. */
  #takeGroup(): readonly Order[] {
    const batchNumber = this.#orders[0]?.batchNumber;
    let count = 0;
    let sizeBytes = 0;
    while (
      count < GROUP_WANTS &&
      sizeBytes < GROUP_BYTES &&
      this.#orders[count]?.batchNumber === batchNumber
    ) {
      sizeBytes += Math.min(this.#orders[count]?.lengthBytes ?? 0, PIECE_BYTES_MAX);
      count += 1;
    }
    return this.#orders.splice(0, count);
  }

  async #serve(orders: readonly Order[]): Promise<void> {
    const [first] = orders;
    if (first === undefined) return;
    const stored = await first.batch.contents.read(orders.map((order) => order.piece));
    const solid = new Frames(this.#options.connection, false);
    const loose = new Frames(this.#options.connection, true);
    for (const [index, order] of orders.entries()) {
      const found = stored[index];
      const piece = await this.#pieceFor(order, found);
      const isLoose =
        piece.form !== "stored"
          ? piece.form === "absent"
          : piece.codec === 0 && piece.bytes.length <= PACKABLE_BYTES_MAX;
      await (isLoose ? loose : solid).add(order.batchNumber, piece);
      if (piece.form !== "absent") this.#options.onGiven(order.batch, order.piece.kind);
    }
    await solid.flush();
    await loose.flush();
  }

  async #pieceFor(order: Order, stored: Awaited<ReturnType<Contents["read"]>>[number]): Promise<Piece> {
    const want = order.number;
    try {
      if (stored === undefined) {
        throw new EfsError(
          "CHUNK_MISSING",
          `a ${order.piece.kind} of "${order.source.version.object}" is not here`,
        );
      }
      if (order.piece.kind === "node") await this.#openNode(order);
      if (order.want.mustVerify) await order.batch.contents.readPlain(order.piece);
      if (order.want.mayDiffer) {
        const difference = await this.#differ(order);
        if (difference !== undefined && difference.delta.bytes.length < stored.bytes.length * 0.9)
          return difference;
      }
      return {
        want,
        form: "stored",
        codec: stored.codec,
        plainBytes: stored.plainBytes,
        bytes: stored.bytes,
      };
    } catch (thrown) {
      const error = toEfsError(thrown);
      if (error.kind !== "corrupt") throw error;
      await this.#options.onAbsent(order.batch, order.source, error);
      return { want, form: "absent" };
    }
  }

  async #openNode(order: Order): Promise<void> {
    if (this.#nodes.size >= NODES_MAX) throw new EfsError("PROTOCOL", "the peer keeps too many nodes open");
    const references = await order.batch.contents.readNode(order.piece.id);
    if (this.#options.batch(order.batchNumber) === undefined) return;
    this.#nodes.set(order.number, { batchNumber: order.batchNumber, source: order.source, references });
  }

  /** undefined when there is no base, or it cannot be read: the whole piece will do. */
  async #differ(order: Order): Promise<Difference | undefined> {
    const { source, piece } = order;
    const { contents } = order.batch;
    try {
      const plan = await this.#planOf(contents, source);
      if (plan === undefined) return undefined;
      if (piece.kind === "node") {
        const ids = plan.nodes.get(idKey(piece.id));
        if (ids === undefined) return undefined;
        const parts: Uint8Array[] = [];
        for (const id of ids) parts.push(await contents.readPlain({ kind: "node", id }));
        const delta = makeDelta(concat(parts), await contents.readPlain(piece));
        return { want: order.number, form: "nodes", ids, delta };
      }
      const plain = await contents.readPlain(piece);
      let best: Difference | undefined;
      for (const range of plan.chunks.get(idKey(piece.id)) ?? []) {
        if (range.lengthBytes > BASE_BYTES_MAX) continue;
        const delta = makeDelta(
          await contents.readRange(source.base, range.startByte, range.lengthBytes),
          plain,
        );
        if (best !== undefined && best.delta.bytes.length <= delta.bytes.length) continue;
        best = { want: order.number, form: "range", ...range, delta };
      }
      return best;
    } catch (thrown) {
      if (toEfsError(thrown).kind === "corrupt") return undefined;
      throw thrown;
    }
  }

  #planOf(contents: Contents, source: BatchVersion): Promise<DifferencePlan | undefined> {
    const known = this.#plans.get(source);
    if (known !== undefined) return known;
    const content = { base: source.base, root: source.version.content };
    const plan = planDifference((id) => contents.readNode(id), content);
    this.#plans.set(source, plan);
    return plan;
  }
}

type Difference = Extract<Piece, { readonly form: "range" | "nodes" }>;

/** Gathers pieces of one batch into frames. */
class Frames {
  readonly #connection: FrameConnection;
  readonly #isPackable: boolean;
  #pieces: Piece[] = [];
  #bytes = 0;
  #exchange = 0;

  constructor(connection: FrameConnection, isPackable: boolean) {
    this.#connection = connection;
    this.#isPackable = isPackable;
  }

  async add(exchange: number, piece: Piece): Promise<void> {
    this.#exchange = exchange;
    this.#pieces.push(piece);
    this.#bytes +=
      piece.form === "stored" ? piece.bytes.length : piece.form === "absent" ? 0 : piece.delta.bytes.length;
    if (this.#bytes >= FRAME_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#pieces.length === 0) return;
    const body = encodePieces(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    await this.#connection.send({
      type: FRAME.PIECES,
      exchange: this.#exchange,
      body,
      isPackable: this.#isPackable,
    });
  }
}

type PieceRoot = Extract<ContentRoot, { readonly id: unknown }>;

function pieceRoot(root: ContentRoot | undefined): PieceRoot {
  if (root === undefined || root.kind === "none" || root.kind === "zeros") {
    throw new EfsError("PROTOCOL", "the peer wants what is no piece");
  }
  return root;
}
