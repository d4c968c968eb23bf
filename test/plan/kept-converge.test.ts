import fc from "fast-check";
import { expect, it } from "vitest";
import type { Planned } from "../../src/model/planned.ts";
import type { MadeDatabase } from "../../src/model/restore-target.ts";
import { plan } from "../../src/plan/plan.ts";
import { type Situation, situation } from "./any-situation.ts";
import { daysAgo, NOW } from "./build.ts";
import { applied } from "./simulate.ts";

it("drops what restores replaced, each once, and settles", () => {
  fc.assert(
    fc.property(situation, fc.integer({ min: 1, max: 3 }), (at, count) => {
      const world = withReplaced(at, count);
      const first = converge(world);
      const blocked = first.notices.filter((one) => one.code === "REPLACED_KEPT").length;
      const drops = first.plan.steps.filter((step) => step.kind === "drop");
      expect(drops.length + blocked).toBe(count);
      const once = after(world, first);
      const second = converge(once);
      const kinds = second.plan.steps.map((step) => step.kind);
      expect(kinds).not.toContain("drop");
      expect(kinds).not.toContain("dump");
      expect(converge(after(once, second)).plan.steps).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

function converge({ environment, observation }: Situation): Planned {
  const options = { now: NOW, allowLargePrune: true };
  return plan(environment, { operation: "converge" }, { observation, options });
}

function after(at: Situation, { plan }: Planned): Situation {
  return { ...at, observation: applied(at.environment, plan, { observation: at.observation, at: NOW }) };
}

/** The same world with databases that restores replaced a month ago. */
function withReplaced({ environment, observation }: Situation, count: number): Situation {
  const made = Array.from({ length: count }, (_, index): MadeDatabase => {
    const name = `dbops_0000000${index}_old`;
    return { name, oid: 30_000 + index, sizeBytes: 1000, note: NOTE };
  });
  const admin = { user: "postgres", password: null, database: "postgres" };
  const databases = Object.entries(observation.databases).map(([name, one]) => [
    name,
    one.state === "reachable" ? { ...one, made } : one,
  ]);
  return {
    environment: { ...environment, databases: environment.databases.map((one) => ({ ...one, admin })) },
    observation: { ...observation, databases: Object.fromEntries(databases) },
  };
}

const NOTE: NonNullable<MadeDatabase["note"]> = {
  state: "old",
  environment: "production",
  database: "trading_signals",
  backup: "production_trading_signals_20261001_010000",
  plan: "a".repeat(64),
  replacedAt: daysAgo(30),
};
