/** The registry of running segments. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endpointOf, listSegments, registerSegment, registryDirectory } from "../../src/api/registry.ts";

let top = "";
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "efs-registry-"));
});
afterEach(() => rmSync(top, { recursive: true }));

const place = () => ({ runtimeDirectory: top, homeDirectory: "/nowhere" });
const SEGMENT = { socket: "/s/efsd.sock", dataDirectory: "/s", name: "hawaii", guid: "A".repeat(32) };

function writeEntry(pid: number, startTime: string): void {
  const text = JSON.stringify({ pid, startTime, ...SEGMENT });
  writeFileSync(path.join(registryDirectory(place()), `${pid}.json`), text);
}

describe("the registry", () => {
  it("is in XDG_RUNTIME_DIR, else below the home directory", () => {
    expect(registryDirectory({ runtimeDirectory: "/run/user/1", homeDirectory: "/h" })).toBe(
      "/run/user/1/efs",
    );
    expect(registryDirectory({ runtimeDirectory: undefined, homeDirectory: "/h" })).toBe(
      "/h/.local/state/efs",
    );
  });

  it("is empty when it is not there", async () => {
    expect(await listSegments({ runtimeDirectory: "/nowhere", homeDirectory: "/nowhere" })).toEqual([]);
  });

  it("lists a segment from its registering to its removal, in a file of the user's alone", async () => {
    const remove = await registerSegment(place(), SEGMENT);
    const [entry, ...others] = await listSegments(place());
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ pid: process.pid, ...SEGMENT });
    expect(entry && endpointOf(entry)).toBe("unix:/s/efsd.sock");
    const file = path.join(registryDirectory(place()), `${process.pid}.json`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await remove();
    expect(await listSegments(place())).toEqual([]);
    expect(readdirSync(registryDirectory(place()))).toEqual([]);
  });

  it("forgets a segment whose process has ended, and one whose pid now belongs to another", async () => {
    const remove = await registerSegment(place(), SEGMENT);
    const child = spawn("true");
    await once(child, "exit");
    writeEntry(child.pid ?? 0, "1");
    writeEntry(1, "another start than that of process 1");
    expect((await listSegments(place())).map((entry) => entry.pid)).toEqual([process.pid]);
    expect(readdirSync(registryDirectory(place()))).toEqual([`${process.pid}.json`]);
    await remove();
  });

  it("passes over what is no entry", async () => {
    await (await registerSegment(place(), SEGMENT))();
    const directory = registryDirectory(place());
    for (const [name, text] of [
      ["1.json", "{"],
      ["2.json", "[]"],
      ["3.json", '{"pid":-1}'],
      ["4.json", '{"pid":4,"startTime":5}'],
      ["5.json", "x".repeat(100_000)],
      ["note.txt", "{}"],
    ]) {
      writeFileSync(path.join(directory, name ?? ""), text ?? "");
    }
    expect(await listSegments(place())).toEqual([]);
  });
});
