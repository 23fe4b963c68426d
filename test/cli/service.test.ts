/** Services: what is asked of the segment, and the text of `show`, which is EdgeFS's to the byte with ours beneath it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { AdminClient } from "../../src/api/admin-client.ts";
import type { ServiceInfo, ServiceStatus } from "../../src/api/service.ts";
import { EfsError } from "../../src/base/errors.ts";
import { relativeTime } from "../../src/cli/service/relative-time.ts";
import { parseSegmentId } from "../../src/model/ids.ts";
import type { BucketLinkStatus, LinkStatus } from "../../src/model/link-status.ts";
import { NOW_MS, runCli } from "./fake-session.ts";

const directory = mkdtempSync(path.join(tmpdir(), "efscli-service-"));
afterAll(() => rmSync(directory, { recursive: true }));
const keyFile = path.join(directory, "key");
writeFileSync(keyFile, "test123\n");

const GUID = "0BB3CBC69F1727D1FDD4A3E0285863B6";
const service: ServiceInfo = {
  name: "hawaii",
  type: "isgw",
  isEnabled: true,
  settings: {
    "X-Service-Name": "hawaii",
    "X-Service-Type": "isgw",
    "X-Service-Worker": "isgwserv",
    "X-Servers": "-",
    "X-Auth-Type": "disabled",
    "X-Description": "Inter Segment Gateway",
    "X-ISGW-Local": "-",
    "X-ISGW-DFLocal": "-",
    "X-ISGW-Encrypted-Tunnel": "-",
    "X-Container-Network": "-",
    "X-ISGW-Basic-Auth": "(set)",
    "X-ISGW-Remote": "ccow://10.100.194.238:14000",
    "X-ISGW-Role": "1",
    "X-ISGW-Direction": "1",
    "X-ISGW-Replication": "3",
    "X-ISGW-Force": "1",
    "X-ISGW-MDOnly": "0",
    [`X-ContainerIPv6-${GUID}`]: "-",
    [`X-Container-Hostname-${GUID}`]: "worker3",
    [`X-ContainerId-${GUID}`]: "rook-edgefs-isgw-hawaii-674658fd7b-gkdzh",
    "X-Status": "enabled",
  },
  served: ["Hawaii/Cola/bk1"],
  revision: 5,
};

function bucketStatus(changes: Partial<BucketLinkStatus> = {}): BucketLinkStatus {
  return {
    path: "Hawaii/Cola/bk1",
    destination: "Hawaii/Cola/bk1",
    counters: {
      requests: 12,
      versionManifests: 0,
      chunkManifests: 0,
      dataChunksSent: 0,
      dataChunksReceived: 0,
      snapviews: 0,
      bytesSent: 1502,
      bytesReceived: 0,
      networkErrors: 14,
      localIoErrors: 0,
      remoteIoErrors: 0,
      alreadyThereVersions: 12,
      alreadyThereChunks: 34,
      alreadyThereBytes: 5_000_000,
      annotations: 0,
      expunges: 0,
      refusedExpunges: 0,
      controlBytes: 1502,
      payloadBytes: 0,
    },
    timestampMs: NOW_MS - 20_000,
    status: "idle",
    phase: "continuous",
    mode: "complete",
    delayMs: 30_000,
    latencyMs: 0,
    sendBytesPerSecond: 0,
    receiveBytesPerSecond: 0,
    backlog: { versions: 0, bytes: 0 },
    initialPass: undefined,
    ...changes,
  };
}

function statusOf(link: Partial<LinkStatus>): ServiceStatus {
  return {
    service,
    now: new Date(NOW_MS).toISOString(),
    link: {
      kind: "link",
      state: "connected",
      stateText: "sending to hawaii-r",
      peer: {
        segment: parseSegmentId("AABBCCDDEEFF0011"),
        name: "hawaii-r",
        address: "10.100.194.238:14000",
      },
      listenAddress: undefined,
      isEncrypted: false,
      lastError: undefined,
      nextAttemptMs: undefined,
      buckets: [bucketStatus()],
      ...link,
    },
  };
}

const answering = (status: ServiceStatus): Partial<AdminClient> => ({
  serviceStatus: async () => status,
  showService: async () => status.service,
});

const seed = (name: string) => readFileSync(path.join(import.meta.dirname, "../golden/cli", name), "utf8");
const withoutSpace = (text: string) => text.replace(/\s+/g, "");

const healthy = statusOf({});
const faulty = statusOf({
  state: "same segment",
  stateText: "both ends of this link are segment 30CB31D57B0D491F, so nothing can be replicated",
  lastError: {
    code: "SAME_SEGMENT",
    message: "both ends are one segment",
    atMs: NOW_MS - 90_000,
    fix: "efsd --data DIR2 --name hawaii-r",
  },
  nextAttemptMs: NOW_MS + 4000,
  buckets: [
    bucketStatus({
      status: "error",
      backlog: { versions: 3, bytes: 12_288 },
      initialPass: { share: 0.346, remainingMs: 123_000 },
    }),
  ],
});

describe("service show -s", () => {
  it.each([
    ["seed-1.txt", {}, 20_000],
    ["seed-2.txt", { requests: 18, bytesSent: 2250 }, 13_000],
  ])("says what the seed's %s says, but for white space", async (file, counters, ageMs) => {
    const changed = bucketStatus({
      timestampMs: NOW_MS - ageMs,
      counters: { ...bucketStatus().counters, ...counters },
    });
    const api = answering(statusOf({ buckets: [changed] }));
    const { stdout } = await runCli("service show hawaii -s --format edgefs", { api });
    expect(withoutSpace(stdout)).toBe(withoutSpace(seed(file)));
  });

  it.each([
    ["service show hawaii", healthy, "service-show.txt"],
    ["service show hawaii -s --format edgefs", healthy, "service-show-stat.edgefs.txt"],
    ["service show hawaii -s", healthy, "service-show-stat.txt"],
    ["service show hawaii -s", faulty, "service-show-stat.faulty.txt"],
    ["service show hawaii -s -o json", faulty, "service-show-stat.json.txt"],
    ["service show hawaii -s -o tsv", healthy, "service-show-stat.tsv.txt"],
  ])("`%s` is laid out to the byte", async (line, status, file) => {
    const { stdout, exitCode } = await runCli(line, { api: answering(status) });
    await expect(stdout).toMatchFileSnapshot(`../golden/cli/${file}`);
    expect(exitCode).toBe(0);
  });

  it("prints EdgeFS's text first and unbroken", async () => {
    const edgefs = await runCli("service show hawaii -s --format edgefs", { api: answering(healthy) });
    const ours = await runCli("service show hawaii -s", { api: answering(healthy) });
    expect(ours.stdout.startsWith(edgefs.stdout)).toBe(true);
  });

  it("says of a receiver that data lands here", async () => {
    const settings = { ...service.settings, "X-ISGW-Direction": "2" };
    const api = answering({ ...healthy, service: { ...service, settings } });
    const { stdout } = await runCli("service show hawaii -s", { api });
    expect(stdout).toContain("\n  Destination     Hawaii/Cola/bk1 here\n  Already here    12 versions");
  });

  it("says what crossed besides versions, when anything did", async () => {
    const { counters } = bucketStatus();
    const changed = { ...counters, annotations: 1, expunges: 2, refusedExpunges: 3 };
    const api = answering(statusOf({ buckets: [bucketStatus({ counters: changed })] }));
    const { stdout } = await runCli("service show hawaii -s", { api });
    expect(stdout).toContain("Other changes   1 annotation, 2 versions removed, 3 forbidden by a lock\n");
    expect((await runCli("service show hawaii -s", { api: answering(healthy) })).stdout).not.toContain(
      "Other",
    );
  });

  it("keeps an error that is over, but no longer says how to mend it", async () => {
    const lastError = faulty.link?.lastError;
    const { stdout } = await runCli("service show hawaii -s", { api: answering(statusOf({ lastError })) });
    expect(stdout).toContain("Link: connected\n");
    expect(stdout).toContain("Last error      both ends are one segment (SAME_SEGMENT)");
    expect(stdout).not.toContain("Fix");
  });

  it("calls a disabled service disabled, not an error", async () => {
    const buckets = [bucketStatus({ status: "error", phase: "paused" })];
    const api = answering(statusOf({ state: "disabled", stateText: "the service is disabled", buckets }));
    expect((await runCli("service show hawaii -s", { api })).stdout).toContain("Link: disabled\n");
  });

  it("shows a fault in red on a terminal", async () => {
    const { stdout } = await runCli("service show hawaii -s", { api: answering(faulty), isTerminal: true });
    expect(stdout).toContain("Link: \u001b[31mERROR: same segment\u001b[39m");
  });

  it("widens the value column when a value needs it, as tablewriter does", async () => {
    const far = bucketStatus({ timestampMs: NOW_MS + 22 * 60_000 });
    const { stdout } = await runCli("service show hawaii -s --format edgefs", {
      api: answering(statusOf({ buckets: [far] })),
    });
    expect(stdout).toContain("+----------------------------+---------------------+\n");
    expect(stdout).toContain("  Timestamp                  | 22 minutes from now  \n");
  });

  it("repeats with --watch until it is interrupted", async () => {
    const interruption = new AbortController();
    let shown = 0;
    const api = {
      serviceStatus: async () => {
        shown += 1;
        if (shown === 2) throw new EfsError("CONNECT_REFUSED", "nobody listens");
        if (shown === 4) interruption.abort();
        return healthy;
      },
    };
    const { exitCode, stderr, stdout } = await runCli("service show hawaii -s --watch -o name", {
      api,
      signal: interruption.signal,
    });
    expect(exitCode).toBe(130);
    expect(stdout).toBe("hawaii\nhawaii\nhawaii\n");
    expect(shown).toBe(4);
    expect(stderr).toContain("watching: nobody listens (CONNECT_REFUSED)");
  });
});

describe("relative times", () => {
  it.each([
    [0, "now"],
    [1000, "1 second ago"],
    [20_000, "20 seconds ago"],
    [60_000, "1 minute ago"],
    [3 * 60_000, "3 minutes ago"],
    [3_600_000, "1 hour ago"],
    [23 * 3_600_000, "23 hours ago"],
    [86_400_000, "1 day ago"],
    [6 * 86_400_000, "6 days ago"],
    [8 * 86_400_000, "1 week ago"],
    [29 * 86_400_000, "4 weeks ago"],
    [31 * 86_400_000, "1 month ago"],
    [100 * 86_400_000, "3 months ago"],
    [400 * 86_400_000, "1 year ago"],
    [700 * 86_400_000, "2 years ago"],
    [1200 * 86_400_000, "3 years ago"],
    [20_000 * 86_400_000, "a long while ago"],
    [-5000, "5 seconds from now"],
  ])("%d ms are %s", (spanMs, words) => {
    expect(relativeTime(NOW_MS - spanMs, NOW_MS)).toBe(words);
  });
});

describe("service verbs", () => {
  it("add sends everything in one request, the key from a file", async () => {
    const asked: unknown[] = [];
    const api: Partial<AdminClient> = {
      ...answering(healthy),
      addService: async (request) => {
        asked.push(request);
        return service;
      },
    };
    const line = `service add isgw hawaii --direction send --remote ccow://h:14000 --replication initial --auth-key-file ${keyFile} --serve a/b --serve a/b/c --interval 50ms`;
    const { exitCode, stdout } = await runCli(line, { api });
    expect(stdout).toBe("X-Status: enabled\n");
    expect(exitCode).toBe(0);
    expect(asked).toEqual([
      {
        name: "hawaii",
        type: "isgw",
        remote: "ccow://h:14000",
        listen: undefined,
        direction: "send",
        replication: "initial",
        authKey: "test123",
        serve: ["a/b", "a/b/c"],
        intervalMs: 50,
      },
    ]);
  });

  it("config takes EdgeFS's three arguments, pairs, unset, files and stdin, and prints all settings", async () => {
    const asked: unknown[] = [];
    const api: Partial<AdminClient> = {
      configureService: async (_, { settings }) => {
        asked.push(settings);
        return service;
      },
    };
    const { stdout } = await runCli("service config hawaii X-ISGW-Remote ccow://h:1", { api });
    expect(stdout.split("\n")[0]).toBe("X-Service-Name: hawaii");
    expect(stdout).not.toContain("[");
    await runCli("service config hawaii X-A=1 X-B=x=y --unset X-C", { api });
    await runCli(["service", "config", "hawaii", "X-A", ""], { api });
    await runCli(`service config hawaii X-ISGW-Basic-Auth --value-file ${keyFile}`, { api });
    await runCli("service config hawaii X-ISGW-Basic-Auth --value-file -", { api, stdin: "from stdin\n" });
    expect(asked).toEqual([
      { "X-ISGW-Remote": "ccow://h:1" },
      { "X-A": "1", "X-B": "x=y", "X-C": null },
      { "X-A": null },
      { "X-ISGW-Basic-Auth": "test123" },
      { "X-ISGW-Basic-Auth": "from stdin" },
    ]);
  });

  it("refuse secret files that are missing, empty, too long or no text", async () => {
    const bad = path.join(directory, "bad");
    expect((await runCli(`service config hawaii X-ISGW-Basic-Auth --value-file ${bad}`)).exitCode).toBe(3);
    for (const [content, code] of [
      ["", 2],
      ["\n", 2],
      ["x".repeat(3000), 8],
      [Buffer.from([0xff, 0xfe]), 2],
    ] as const) {
      writeFileSync(bad, content);
      expect((await runCli(`service config hawaii X-ISGW-Basic-Auth --value-file ${bad}`)).exitCode).toBe(
        code,
      );
    }
  });

  it("serve, unserve, enable and disable print their lines once it is done", async () => {
    const listening = statusOf({ state: "listening", listenAddress: "0.0.0.0:14000" });
    const api: Partial<AdminClient> = {
      ...answering(listening),
      serve: async () => service,
      unserve: async () => service,
      enableService: async () => service,
      disableService: async () => ({ ...service, isEnabled: false }),
    };
    expect((await runCli("service serve hawaii Hawaii/Cola/bk1", { api })).stdout).toBe(
      "Serving new Hawaii/Cola/bk1\n",
    );
    expect((await runCli("service unserve hawaii Hawaii/Cola/bk1", { api })).stdout).toBe(
      "Removing Hawaii/Cola/bk1\n",
    );
    expect((await runCli("service enable hawaii", { api })).stdout).toBe(
      "X-Status: enabled\nListening on 0.0.0.0:14000; the sender's X-ISGW-Remote is ccow://0.0.0.0:14000\n",
    );
    const empty = answering({ ...listening, service: { ...service, served: [] } });
    expect((await runCli("service enable hawaii", { api: { ...api, ...empty } })).stdout).toContain(
      "\nServes nothing yet: efscli service serve hawaii CLUSTER/TENANT[/BUCKET]\n",
    );
    expect((await runCli("service disable hawaii", { api })).stdout).toBe("X-Status: disabled\n");
    const failing = { serve: () => Promise.reject(new EfsError("ALREADY_SERVED", "already served: a/b")) };
    expect(await runCli("service serve hawaii a/b", { api: failing })).toMatchObject({
      exitCode: 7,
      stdout: "",
    });
  });

  it("delete --force disables first", async () => {
    const calls: string[] = [];
    const api: Partial<AdminClient> = {
      disableService: async () => {
        calls.push("disable");
        return service;
      },
      deleteService: async () => {
        calls.push("delete");
      },
    };
    await runCli("service delete hawaii", { api });
    await runCli("service delete --force hawaii", { api });
    expect(calls).toEqual(["delete", "disable", "delete"]);
  });

  it("list shows each service with its state", async () => {
    const api = {
      listServices: async () => [service],
      systemStatus: async () =>
        ({ services: [{ name: "hawaii", type: "isgw", isEnabled: true, state: "connected" }] }) as never,
    };
    expect((await runCli("service list", { api })).stdout).toBe(
      "NAME\tTYPE\tSTATUS\tSTATE\tSERVES\nhawaii\tisgw\tenabled\tconnected\tHawaii/Cola/bk1\n",
    );
  });
});
