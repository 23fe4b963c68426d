import { afterEach, beforeEach, expect, it } from "vitest";
import type { GatewayStatus } from "../../../src/gateway/gateway.ts";
import { startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { rawRequest } from "../../support/raw-http.ts";

let admin: TestAdmin;
beforeEach(async () => {
  admin = await withBucket(await startAdmin());
});
afterEach(() => admin.close());

const S3: GatewayStatus = {
  kind: "s3",
  state: "listening",
  stateText: "",
  endpoints: [],
  tenant: "Hawaii/Cola",
  lastError: undefined,
  inFlight: 2,
  operations: [
    {
      operation: "GetObject",
      bucket: 'odd"name\\',
      requests: 5,
      clientErrors: 1,
      serverErrors: 0,
      bytesIn: 0,
      bytesOut: 4096,
      p50Ms: 2,
      p99Ms: undefined,
    },
  ],
  errors: { NoSuchKey: 1 },
  notifications: [
    {
      bucket: "bk1",
      id: "all",
      webhook: "audit",
      state: "failing",
      delivered: 7,
      backlog: 3,
      lastError: { code: "TIMEOUT", message: "", atMs: 0 },
    },
  ],
};

const metrics = (method = "GET") => rawRequest(admin.socket, { method, target: "/metrics" });

it("tells Prometheus of segment, services and process", async () => {
  await admin.client.createService({ type: "s3", name: "s3-cola" });
  await admin.client.createService({ type: "isgw", name: "hawaii" });
  const { status } = admin.runtime;
  Object.assign(admin.runtime, {
    status: async (service: Parameters<typeof status>[0]) => (service.type === "s3" ? S3 : status(service)),
  });
  const answer = await metrics();
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = answer.body.split("\n");
  for (const line of [
    "efs_segment_writable 1",
    'efs_service_up{service="s3-cola",type="s3"} 1',
    'efs_s3_in_flight{service="s3-cola"} 2',
    'efs_s3_requests_total{service="s3-cola",bucket="odd\\"name\\\\",operation="GetObject"} 5',
    'efs_s3_error_codes_total{service="s3-cola",code="NoSuchKey"} 1',
    'efs_s3_notified_events_total{service="s3-cola",bucket="bk1",notification="all",webhook="audit"} 7',
    'efs_s3_notification_backlog{service="s3-cola",bucket="bk1",notification="all",webhook="audit"} 3',
    'efs_s3_notification_failing{service="s3-cola",bucket="bk1",notification="all",webhook="audit"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  expect(answer.body).toContain('operation="GetObject",quantile="0.5"} 0.002');
  expect(answer.body).not.toContain('quantile="0.99"');
  expect(answer.body).toMatch(/^process_resident_memory_bytes \d+/m);
  // Asking again neither adds up nor fails.
  expect((await metrics()).body).toContain('operation="GetObject"} 5');
});

it("is asked by GET alone", async () => {
  expect((await metrics("POST")).status).toBe(404);
});
