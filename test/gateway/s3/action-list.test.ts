/** The README's list of S3 actions, the operations in the source, and what the gateway answers say the same. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUCKET_ACTIONS } from "../../../src/gateway/s3/bucket-actions.ts";
import { MULTIPART_ACTIONS } from "../../../src/gateway/s3/multipart-actions.ts";
import { OBJECT_ACTIONS } from "../../../src/gateway/s3/object-actions.ts";
import { Router } from "../../../src/gateway/s3/router.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { element } from "../../support/s3-action.ts";
import { startGateway, type TestGateway } from "../../support/s3-gateway.ts";

const PROJECT = path.resolve(import.meta.dirname, "../../..");
const ACTIONS = [...OBJECT_ACTIONS, ...MULTIPART_ACTIONS, ...BUCKET_ACTIONS];

interface Row {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly header: string | undefined;
  readonly state: "done" | "in part" | "no";
  /** The test, or why not. */
  readonly said: string;
}

const section = readFileSync(path.join(PROJECT, "README.md"), "utf8").split("## S3 actions\n")[1] ?? "";
const rows: readonly Row[] =
  section
    .split("\n## ")[0]
    ?.split("\n")
    .flatMap((line) => {
      const match =
        /^\| (\w+) +\| `([A-Z]+) ([^,`]+)(?:, ([a-z0-9-]+))?` +\| (done|in part|no): (.+?) +\|$/.exec(line);
      if (match === null) return [];
      const [, name = "", method = "", target = "", header, state, said = ""] = match;
      return [{ name, method, target, header, state: state as Row["state"], said }];
    }) ?? [];
const here = rows.filter(({ state }) => state !== "no");
const fileOf = (name: string) =>
  name
    .replace(/(?<!^)(?=[A-Z][a-z])/g, "-")
    .toLowerCase()
    .replace("v2", "-v2")
    .replace("--", "-");

function routed({ method, target, header }: Row) {
  const url = new URL(target, "http://s3.test");
  const [bucket, key] = url.pathname.slice(1).split("/");
  return {
    method,
    bucket: bucket === "" ? undefined : bucket,
    key,
    query: new Map(url.searchParams),
    headers: new Map(header === undefined ? [] : [[header, "/bucket/key"]]),
  };
}

describe("the README's list of S3 actions", () => {
  it("has each action once, in a form that can be read", () => {
    const lines = section.split("\n## ")[0]?.split("\n") ?? [];
    const table = lines.filter((line) => /^\| [A-Z]/.test(line));
    expect(rows.length).toBe(table.length);
    expect(rows.length).toBeGreaterThan(90);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it("names as done or in part just those that the gateway has", () => {
    const refusing = rows.filter(({ state }) => state === "no").map(({ name }) => name);
    const names = ACTIONS.map(({ name }) => name).filter((name) => !refusing.includes(name));
    expect(here.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it("has an operation in a file of its name for each", () => {
    const files = readdirSync(path.join(PROJECT, "src/gateway/s3/operations")).map((file) =>
      file.slice(0, -3),
    );
    const known = new Set(rows.map(({ name }) => fileOf(name)));
    expect(files.filter((file) => !known.has(file))).toEqual([]);
    expect(here.map(({ name }) => fileOf(name)).filter((file) => !files.includes(file))).toEqual([]);
  });

  it("gives requests that reach the action", () => {
    const router = new Router(ACTIONS);
    expect(here.map((row) => `${row.name} ${router.find(routed(row)).name}`)).toEqual(
      here.map(({ name }) => `${name} ${name}`),
    );
  });

  it("names a test for each that asks for the action", () => {
    const faults = here.flatMap(({ name, said }) => {
      const file = /^`([^`]+)`/.exec(said)?.[1] ?? "";
      if (file === "" || !existsSync(path.join(PROJECT, file))) return [`${name}: no test ${file}`];
      const text = readFileSync(path.join(PROJECT, file), "utf8");
      const words = new RegExp(`\\b(?:${name}|${name.charAt(0).toLowerCase()}${name.slice(1)})\\b`);
      return words.test(text) ? [] : [`${name} is not in ${file}`];
    });
    expect(faults).toEqual([]);
  });
});

describe("an action that is not here", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ settings: { "X-Auth-Type": "disabled" } });
    await rawRequest(gateway.place, { method: "PUT", target: "/bucket" });
    await rawRequest(gateway.place, {
      method: "PUT",
      target: "/bucket/key",
      headers: { "content-length": "1" },
      body: "a",
    });
  });
  afterAll(() => gateway.stop());

  it.each(rows.filter(({ state }) => state === "no"))("$name is answered NotImplemented", async (row) => {
    const headers = { ...(row.method === "GET" ? {} : { "content-length": "0" }) };
    const answer = await rawRequest(gateway.place, { method: row.method, target: row.target, headers });
    expect([row.name, answer.status, element(answer.body, "Code")]).toEqual([
      row.name,
      501,
      "NotImplemented",
    ]);
  });
});
