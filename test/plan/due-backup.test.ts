import { expect, it } from "vitest";
import { plan } from "../../src/plan/plan.ts";
import { backupAt, database, environment, NO_RULES, observation } from "./build.ts";

it("counts the backup that it makes as newer than the one of this very second, as their names will tell it", () => {
  const retention = { ...NO_RULES, daily: 1, atLeast: 1 };
  const stores = ["primary", "dr"].map((store) => ({ store, retention }));
  const now = "2026-11-24T10:30:00.400Z";
  const existing = backupAt("2026-11-24T10:30:01.000Z"); // its snapshot was taken at 10:30:00.1, its name is rounded up
  const seen = observation({ stores: { primary: [existing], dr: [existing] }, at: now });
  const request = { operation: "backup", database: null, label: null, hold: false, store: null } as const;
  const { steps } = plan(environment(database({ stores })), request, {
    observation: seen,
    options: { now },
  }).plan;
  expect(steps.find((step) => step.kind === "copy")?.why).toMatch(/, at least 1$/);
});
