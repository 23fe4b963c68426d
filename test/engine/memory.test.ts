/** The memory engine keeps the contract. */
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { describeEngine } from "./suite.ts";

describeEngine("memory", async (clock) => {
  const engine = openMemoryEngine({ clock });
  return { engine, reopen: undefined, destroy: () => engine.close() };
});
