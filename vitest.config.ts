import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/prepare-run.ts"],
    // Time never decides a test: this only ends what hangs, also on a machine that is busy with something else.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    pool: "forks",
    maxWorkers: 2,
    allowOnly: false,
  },
});
