/** The supervisor: gateways follow their records. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { Supervisor } from "../../src/daemon/services.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { GatewayContext, GatewayType } from "../../src/gateway/gateway.ts";
import type { LinkState, LinkStatus } from "../../src/model/link-status.ts";
import { parseServiceName } from "../../src/model/names.ts";
import type { ServiceRecord } from "../../src/model/service.ts";
import { openSegment } from "../../src/segment/open.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { until } from "../support/until.ts";

const NAME = parseServiceName("hawaii");
const OTHER = parseServiceName("fiji");

let segment: Segment;
let context: GatewayContext;
let events: string[];
let startFault: Error | undefined;
let supervisor: Supervisor;

const status = (state: LinkState): LinkStatus => ({
  kind: "link",
  state,
  stateText: state,
  peer: undefined,
  listenAddress: undefined,
  isEncrypted: false,
  lastError: undefined,
  nextAttemptMs: undefined,
  buckets: [],
});

const gateway: GatewayType = {
  type: "isgw",
  validate: () => {},
  storedStatus: async () => status("disabled"),
  start: async (_context, service) => {
    if (startFault !== undefined) throw startFault;
    events.push(`start ${service.name} ${service.revision}`);
    return {
      status: () => status("connected"),
      reconfigure: async (next) => void events.push(`reconfigure ${next.name} ${next.revision}`),
      stop: async () => void events.push(`stop ${service.name}`),
    };
  },
};

const create = (name: ServiceRecord["name"], isEnabled: boolean) =>
  segment.services.create({ name, type: "isgw", isEnabled, settings: [], served: [] });

beforeEach(async () => {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  segment = await openSegment({ ...parts, engine: openMemoryEngine({ clock: systemClock }), workers: 0 });
  context = { ...parts, segment };
  events = [];
  startFault = undefined;
  supervisor = new Supervisor(context, [gateway]);
});
afterEach(async () => {
  await supervisor.stop();
  await segment.close();
});

describe("the supervisor", () => {
  it("starts what is enabled, and nothing else", async () => {
    const made = await create(NAME, true);
    const off = await create(OTHER, false);
    await supervisor.start();
    expect(events).toEqual([`start hawaii ${made.revision}`]);
    expect((await supervisor.status(made)).state).toBe("connected");
    expect((await supervisor.status(off)).state).toBe("disabled");
  });

  it("follows every change once, in order", async () => {
    await supervisor.start();
    const made = await create(NAME, true);
    await supervisor.changed(NAME);
    const changed = await segment.services.update({ ...made, served: ["a/b"] });
    await Promise.all([supervisor.changed(NAME), supervisor.changed(NAME)]);
    const off = await segment.services.update({ ...changed, isEnabled: false });
    await supervisor.changed(NAME);
    await segment.services.delete(NAME);
    await supervisor.changed(NAME);
    expect(events).toEqual([
      `start hawaii ${made.revision}`,
      `reconfigure hawaii ${changed.revision}`,
      "stop hawaii",
    ]);
    expect((await supervisor.status(off)).state).toBe("disabled");
  });

  it("notices a change that nobody told it of", async () => {
    await supervisor.start();
    await create(NAME, true);
    await until(() => events.length > 0);
    expect(events[0]).toMatch(/^start hawaii/);
  });

  it("shows a gateway that cannot start as an error with its cause, and tries again at the next change", async () => {
    await supervisor.start();
    startFault = new EfsError("BAD_VALUE", "the moon is wrong", { hint: "turn the moon" });
    const made = await create(NAME, true);
    await supervisor.changed(NAME);
    expect(await supervisor.status(made)).toMatchObject({
      state: "error",
      stateText: expect.stringContaining("the moon is wrong"),
      lastError: { code: "BAD_VALUE", fix: "turn the moon" },
    });
    startFault = undefined;
    await supervisor.changed(NAME);
    expect((await supervisor.status(made)).state).toBe("connected");
  });

  it("stops all of them, and starts nothing after that", async () => {
    await create(NAME, true);
    await create(OTHER, true);
    await supervisor.start();
    await supervisor.stop();
    expect(events.slice(2).sort()).toEqual(["stop fiji", "stop hawaii"]);
    await supervisor.changed(NAME);
    expect(events.length).toBe(4);
  });
});
