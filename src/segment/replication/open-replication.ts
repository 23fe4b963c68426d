/** The Replication of a segment, put together from its parts. */

import type { BucketPath } from "../../model/names.ts";
import type { Core } from "../core/core.ts";
import type { Contents, Replication } from "../replication.ts";
import { inVault } from "../vault/in-vault.ts";
import type { Vault } from "../vault/vault.ts";
import { applyVersions } from "./apply.ts";
import { missingPieces, readNodeOf, readPieces, readPlainPiece, readRootRange } from "./pieces.ts";
import { backlog, logHead, readLog, servedBuckets, watchLog } from "./read-log.ts";
import { getAnnotations, getExpunges, getVersions, walk } from "./read-versions.ts";
import { storePieces } from "./store-pieces.ts";

export function openReplication(core: Core): Replication {
  const { inFlight } = core;
  const plain = contentsOf(core);
  /** One for each vault, so that whoever has two can tell whether they are the same. */
  const sealed = new WeakMap<Vault, Contents>();
  const contents = async (bucket: BucketPath): Promise<Contents> => {
    const ownCore = inVault(core, await core.buckets.open(bucket));
    const { vault } = ownCore;
    if (vault === undefined) return plain;
    const known = sealed.get(vault) ?? contentsOf(ownCore);
    sealed.set(vault, known);
    return known;
  };
  return {
    ...plain,
    contents: (bucket) => inFlight.run(() => contents(bucket)),
    buckets: (path) => inFlight.run(() => servedBuckets(core, path)),
    logHead: (bucket) => inFlight.run(() => logHead(core, bucket)),
    readLog: (bucket, after, limit) => inFlight.run(() => readLog(core, bucket, after, limit)),
    backlog: (bucket, after, limit) => inFlight.run(() => backlog(core, bucket, after, limit)),
    watchLog: (bucket, onChange) => watchLog(core, bucket, onChange),
    getVersions: (bucket, ids) => inFlight.run(() => getVersions(core, bucket, ids)),
    getAnnotations: (bucket, versions) => inFlight.run(() => getAnnotations(core, bucket, versions)),
    getExpunges: (bucket, versions) => inFlight.run(() => getExpunges(core, bucket, versions)),
    walk: (bucket, after, limit) => inFlight.run(() => walk(core, bucket, after, limit)),
    apply: (received) => inFlight.run(() => applyVersions(core, received)),
  };
}

function contentsOf(core: Core): Contents {
  const { inFlight } = core;
  return {
    missing: (pieces) => inFlight.run(() => missingPieces(core, pieces)),
    read: (pieces) => inFlight.run(() => readPieces(core, pieces)),
    readPlain: (piece) => inFlight.run(() => readPlainPiece(core, piece)),
    readNode: (id) => inFlight.run(() => readNodeOf(core, id)),
    readRange: (root, startByte, lengthBytes) =>
      inFlight.run(() => readRootRange(core, root, { startByte, endByte: startByte + lengthBytes })),
    store: (pieces) => inFlight.run(() => storePieces(core, pieces)),
  };
}
