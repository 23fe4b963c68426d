/** Which tests run where: `fast` is `npm test`, `interop` needs Debian packages, `slow` needs time and disk. */
import { defineConfig } from "vitest/config";

const common = { testTimeout: 60_000, hookTimeout: 60_000, pool: "forks" as const, maxWorkers: 2 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/interop/**", "test/slow/**"],
        },
      },
      { test: { ...common, name: "interop", include: ["test/interop/**/*.test.ts"], testTimeout: 300_000 } },
      { test: { ...common, name: "slow", include: ["test/slow/**/*.test.ts"], testTimeout: 3_600_000 } },
    ],
  },
});
