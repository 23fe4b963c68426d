import { describe, expect, it } from "vitest";
import { Latencies } from "../../../src/gateway/s3/latencies.ts";
import { type Counted, Meter } from "../../../src/gateway/s3/meter.ts";
import { testSegment } from "../../segment/support.ts";
import { s3Service } from "../../support/s3-gateway.ts";

const SERVICE = s3Service();
const got = (more: Partial<Counted> = {}): Counted => ({
  operation: "GetObject",
  bucket: "bk1",
  status: 200,
  code: undefined,
  bytesIn: 1,
  bytesOut: 10,
  elapsedMs: 2,
  ...more,
});

async function store() {
  const { services } = await testSegment();
  await services.create(SERVICE);
  return services;
}

describe("counters of an S3 service", () => {
  it("are by bucket and operation, errors by class and by code", async () => {
    const meter = await Meter.open(await store(), SERVICE.name);
    meter.count(got());
    meter.count(got({ status: 404, code: "NoSuchKey" }));
    meter.count(got({ operation: "PutObject", status: 500, code: "InternalError" }));
    expect(meter.operations()).toEqual([
      expect.objectContaining({
        operation: "GetObject",
        requests: 2,
        clientErrors: 1,
        serverErrors: 0,
        bytesOut: 20,
      }),
      expect.objectContaining({ operation: "PutObject", requests: 1, clientErrors: 0, serverErrors: 1 }),
    ]);
    expect(meter.errors()).toEqual({ InternalError: 1, NoSuchKey: 1 });
  });

  it("survive a restart, latencies do not", async () => {
    const services = await store();
    const first = await Meter.open(services, SERVICE.name);
    for (let index = 0; index < 250; index += 1) first.count(got({ bucket: `b${index}`, code: "NoSuchKey" }));
    await first.write();
    first.count(got({ bucket: "b7" }));
    await first.write();
    const second = await Meter.open(services, SERVICE.name);
    const withoutLatencies = first
      .operations()
      .map((row) => ({ ...row, p50Ms: undefined, p99Ms: undefined }));
    expect(second.operations()).toEqual(withoutLatencies);
    expect(second.errors()).toEqual({ NoSuchKey: 250 });
  });

  it("have at most 1,000 rows and one more for each operation of the rest", async () => {
    const meter = await Meter.open(await store(), SERVICE.name);
    for (let index = 0; index < 3000; index += 1) meter.count(got({ bucket: `b${index}` }));
    expect(meter.operations().length).toBe(1001);
    expect(meter.operations().find(({ bucket }) => bucket === "*")?.requests).toBe(2000);
    await meter.write();
  });

  it("that cannot be read count from 0", async () => {
    const services = await store();
    await services.putState(
      SERVICE.name,
      "s3-counters/000",
      new TextEncoder().encode('[["GetObject"],[1,2],{}]'),
    );
    await services.putState(SERVICE.name, "s3-errors", Uint8Array.of(0xff));
    expect((await Meter.open(services, SERVICE.name)).operations()).toEqual([]);
  });
});

describe("latencies", () => {
  it("are right to a tenth from microseconds to minutes", () => {
    for (const wanted of [0.02, 0.5, 3, 70, 1500, 100_000]) {
      const latencies = new Latencies();
      for (let index = 1; index <= 1000; index += 1) latencies.add((wanted * 2 * index) / 1000);
      expect(Math.abs((latencies.quantile(0.5) ?? 0) / wanted - 1)).toBeLessThan(0.1);
      expect(Math.abs((latencies.quantile(0.99) ?? 0) / (wanted * 1.98) - 1)).toBeLessThan(0.1);
    }
  });

  it("take nonsense without falling over, and say nothing of nothing", () => {
    const latencies = new Latencies();
    expect(latencies.quantile(0.5)).toBeUndefined();
    for (const elapsedMs of [0, -1, 1e12]) latencies.add(elapsedMs);
    expect(latencies.quantile(0.01)).toBeLessThan(0.02);
  });
});
