/** The Replication of a segment, put together from its parts. */
import type { Core } from "../core/core.ts";
import type { Replication } from "../replication.ts";
import { applyVersions } from "./apply.ts";
import { missingPieces, readNodeOf, readPieces, readPlainPiece, readRootRange } from "./pieces.ts";
import { backlog, logHead, readLog, servedBuckets, watchLog } from "./read-log.ts";
import { getAnnotations, getExpunges, getVersions, walk } from "./read-versions.ts";
import { storePieces } from "./store-pieces.ts";

export function openReplication(core: Core): Replication {
  const { inFlight } = core;
  return {
    buckets: (path) => inFlight.run(() => servedBuckets(core, path)),
    logHead: (bucket) => inFlight.run(() => logHead(core, bucket)),
    readLog: (bucket, after, limit) => inFlight.run(() => readLog(core, bucket, after, limit)),
    backlog: (bucket, after, limit) => inFlight.run(() => backlog(core, bucket, after, limit)),
    watchLog: (bucket, onChange) => watchLog(core, bucket, onChange),
    getVersions: (bucket, ids) => inFlight.run(() => getVersions(core, bucket, ids)),
    getAnnotations: (bucket, versions) => inFlight.run(() => getAnnotations(core, bucket, versions)),
    getExpunges: (bucket, versions) => inFlight.run(() => getExpunges(core, bucket, versions)),
    walk: (bucket, after, limit) => inFlight.run(() => walk(core, bucket, after, limit)),
    missing: (pieces) => inFlight.run(() => missingPieces(core, pieces)),
    read: (pieces) => inFlight.run(() => readPieces(core, pieces)),
    readPlain: (piece) => inFlight.run(() => readPlainPiece(core, piece)),
    readNode: (id) => inFlight.run(() => readNodeOf(core, id)),
    readRange: (root, startByte, lengthBytes) =>
      inFlight.run(() => readRootRange(core, root, { startByte, endByte: startByte + lengthBytes })),
    store: (pieces) => inFlight.run(() => storePieces(core, pieces)),
    apply: (received) => inFlight.run(() => applyVersions(core, received)),
  };
}
