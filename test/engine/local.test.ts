/** The local engine keeps the contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { openLocalEngine } from "../../src/engine/local/open.ts";
import { describeEngine } from "./suite.ts";

describeEngine("local", async (clock) => {
  const directory = await mkdtemp(path.join(tmpdir(), "efs-engine-"));
  const open = () => openLocalEngine({ directory, clock, log: silentLog, packBytesMax: 1024 * 1024 });
  let engine = await open();
  return {
    engine,
    async reopen() {
      await engine.close();
      engine = await open();
      return engine;
    },
    async destroy() {
      await engine.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
