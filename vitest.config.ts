/** Which tests run where: `fast` is `npm test`, `interop` needs Debian packages, `slow` needs time and disk. */
import { defineConfig } from "vitest/config";

// A file to write the results to as JSON as well, for .ci/run.
const report = process.env.EFS_TEST_REPORT;

const common = { testTimeout: 60_000, hookTimeout: 60_000, pool: "forks" as const, maxWorkers: 2 };

export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
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
