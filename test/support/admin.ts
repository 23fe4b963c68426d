/** An admin API in this process over a segment in memory, with a client: for tests of the API. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AdminClient } from "../../src/api/admin-client.ts";
import { connect } from "../../src/api/client.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { ServiceRuntime } from "../../src/gateway/admin/context.ts";
import { type AdminServer, openAdminServer } from "../../src/gateway/admin/server.ts";
import type { LinkStatus } from "../../src/model/link-status.ts";
import { openSegment } from "../../src/segment/open.ts";
import type { Segment } from "../../src/segment/segment.ts";

export interface TestAdmin {
  readonly segment: Segment;
  readonly server: AdminServer;
  readonly socket: string;
  readonly directory: string;
  readonly client: AdminClient;
  readonly runtime: TestRuntime;
  close(): Promise<void>;
}

export interface TestRuntime extends ServiceRuntime {
  /** Names of services that were said to have changed, in order. */
  readonly changes: string[];
  /** What `validate` throws; undefined: nothing. */
  refusal: Error | undefined;
}

export async function startAdmin(
  options: { readonly log?: Log; readonly wrap?: (segment: Segment) => Segment } = {},
): Promise<TestAdmin> {
  const directory = mkdtempSync(path.join(tmpdir(), "efs-admin-"));
  const { log = silentLog, wrap = (segment) => segment } = options;
  const parts = { clock: systemClock, random: systemRandom, log };
  const opened = await openSegment({
    ...parts,
    engine: openMemoryEngine({ clock: systemClock }),
    name: "test",
    workers: 0,
    segmentKey: new Uint8Array(32).fill(7),
  });
  const segment = wrap(opened);
  const runtime = testRuntime();
  const daemon = { version: "0.0.0", dataDirectory: directory, pid: process.pid, startedMs: 0 };
  const server = await openAdminServer({ segment, services: runtime, daemon, clock: systemClock, log });
  const socket = path.join(directory, "efsd.sock");
  await server.listenUnix(socket);
  const client = connect({ endpoint: `unix:${socket}` });
  return {
    segment,
    server,
    socket,
    directory,
    client,
    runtime,
    async close() {
      await client.close();
      await server.close(1000);
      await opened.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A segment with Hawaii/Cola/bk1. */
export async function withBucket(admin: TestAdmin): Promise<TestAdmin> {
  await admin.client.createCluster({ name: "Hawaii" });
  await admin.client.createTenant("Hawaii", { name: "Cola" });
  await admin.client.createBucket("Hawaii/Cola", { name: "bk1" });
  return admin;
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

function testRuntime(): TestRuntime {
  const runtime: TestRuntime = {
    changes: [],
    refusal: undefined,
    validate() {
      if (runtime.refusal !== undefined) throw runtime.refusal;
    },
    status: async (service) => idle(service.isEnabled),
    changed: async (name) => {
      runtime.changes.push(name);
    },
  };
  return runtime;
}

function idle(isEnabled: boolean): LinkStatus {
  return {
    kind: "link",
    state: isEnabled ? "starting" : "disabled",
    stateText: "not a real link",
    peer: undefined,
    listenAddress: undefined,
    isEncrypted: false,
    lastError: undefined,
    nextAttemptMs: undefined,
    buckets: [],
  };
}
