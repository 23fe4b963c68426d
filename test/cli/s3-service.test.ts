/** `service show` and `service add` of S3 services: what is printed, exact fields and JSON, and what is asked of the segment. */
import { describe, expect, it } from "vitest";
import type { AddService, ServiceInfo, ServiceStatus } from "../../src/api/service.ts";
import type { S3Status } from "../../src/model/s3-status.ts";
import { NOW_MS, runCli } from "./fake-session.ts";

const service: ServiceInfo = {
  name: "s3-cola",
  type: "s3",
  isEnabled: true,
  settings: { "X-Service-Name": "s3-cola", "X-Service-Type": "s3", "X-Status": "enabled" },
  served: ["Hawaii/Cola"],
  revision: 3,
};

const operation = {
  operation: "GetObject",
  bucket: "bk1",
  requests: 1200,
  clientErrors: 3,
  serverErrors: 0,
  bytesIn: 0,
  bytesOut: 4_915_200,
  p50Ms: 0.4242,
  p99Ms: 1310,
};

function statusOf(change: Partial<S3Status> = {}): ServiceStatus {
  return {
    service,
    now: new Date(NOW_MS).toISOString(),
    s3: {
      kind: "s3",
      state: "listening",
      stateText: "serving Hawaii/Cola on http://0.0.0.0:9982",
      endpoints: ["http://0.0.0.0:9982"],
      tenant: "Hawaii/Cola",
      lastError: undefined,
      inFlight: 2,
      operations: [
        operation,
        { ...operation, operation: "PutObject", bucket: "-", p50Ms: undefined, p99Ms: undefined },
      ],
      errors: { NoSuchKey: 3 },
      notifications: [
        {
          bucket: "bk1",
          id: "all",
          webhook: "audit",
          state: "delivering",
          delivered: 42,
          backlog: 0,
          lastError: undefined,
        },
        {
          bucket: "bk1",
          id: "thumbs",
          webhook: "images",
          state: "failing",
          delivered: 7,
          backlog: 1,
          lastError: { code: "UNAVAILABLE", message: "the webhook answered 500", atMs: NOW_MS - 20_000 },
        },
      ],
      ...change,
    },
  };
}

const broken = statusOf({
  state: "error",
  stateText: "0.0.0.0:9982 is in use by another program or service",
  endpoints: [],
  lastError: {
    code: "IN_USE",
    message: "0.0.0.0:9982 is in use by another program or service",
    atMs: NOW_MS - 20_000,
    fix: "efscli service config s3-cola X-HTTP-Port PORT",
  },
});

const answering = (status: ServiceStatus) => ({
  serviceStatus: async () => status,
  showService: async () => status.service,
});

describe("service show of S3", () => {
  it.each([
    ["service show s3-cola -s", statusOf(), "service-show-s3.txt"],
    ["service show s3-cola -s", broken, "service-show-s3.faulty.txt"],
    ["service show s3-cola -s -o json", broken, "service-show-s3.json.txt"],
    ["service show s3-cola -s -o tsv", statusOf(), "service-show-s3.tsv.txt"],
  ])("`%s` is laid out to the byte", async (line, status, file) => {
    const { stdout, exitCode } = await runCli(line, { api: answering(status) });
    await expect(stdout).toMatchFileSnapshot(`../golden/cli/${file}`);
    expect(exitCode).toBe(0);
  });
});

describe("service add s3", () => {
  it("asks for all in one request, and says where it listens", async () => {
    const asked: AddService[] = [];
    const api = {
      ...answering(statusOf()),
      addService: async (request: AddService) => {
        asked.push(request);
        return service;
      },
    };
    const line = "service add s3 s3-cola --serve Hawaii/Cola --port 9982 --listen 127.0.0.1";
    const { stdout } = await runCli(line, { api });
    expect(asked).toEqual([
      expect.objectContaining({
        name: "s3-cola",
        type: "s3",
        serve: ["Hawaii/Cola"],
        port: 9982,
        host: "127.0.0.1",
      }),
    ]);
    expect(stdout).toBe("X-Status: enabled\nListening on http://0.0.0.0:9982\n");
    expect((await runCli("service add s3 s --serve a/b --port 70000", { api })).exitCode).toBe(2);
  });

  it("serves and unserves in EdgeFS's words", async () => {
    const api = { serve: async () => service, unserve: async () => service };
    expect((await runCli("service serve s3-cola Hawaii/Cola", { api })).stdout).toBe(
      "Serving new tenant Hawaii/Cola\n",
    );
    expect((await runCli("service unserve s3-cola Hawaii/Cola", { api })).stdout).toBe(
      "Removing export Hawaii/Cola\n",
    );
  });
});
