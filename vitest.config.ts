import { defineConfig } from "vitest/config";

/** Tests of what has no effects: they need no process of their own for each file, which costs more than most of them do. */
const PURE = ["model", "config", "policy", "plan", "problems", "observe", "commands", "ports"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    globalSetup: ["test/support/prepare-run.ts"],
    // Time never decides a test: this only ends what hangs, also on a machine that is busy with something else.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    pool: "forks",
    maxWorkers: 2,
    allowOnly: false,
    projects: [
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      { extends: true, test: { name: "real", include: ["test/**/*.test.ts"], exclude: PURE } },
    ],
  },
});
