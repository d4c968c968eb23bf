import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backup } from "../../src/model/backup.ts";
import { type Instant, instantOf, msOf } from "../../src/model/instant.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Planned } from "../../src/model/planned.ts";
import type { CopyStep } from "../../src/model/step.ts";
import { plan } from "../../src/plan/plan.ts";
import { renderPlan } from "../../src/plan/plan-file.ts";
import { decideRetention } from "../../src/policy/retention.ts";
import { type Situation, schedules, situation } from "./any-situation.ts";
import { backupAt, database, environment, HOUR_MS, NO_RULES, NOW, observation } from "./build.ts";
import { applied } from "./simulate.ts";

function converge(at: Situation, now: Instant, allowLargePrune = true): Planned {
  const { observation } = at;
  return plan(at.environment, { operation: "converge" }, { observation, options: { now, allowLargePrune } });
}

function backupsOf(observation: Observation): readonly (readonly [string, Backup])[] {
  return Object.entries(observation.stores).flatMap(([store, seen]) => {
    const listing = seen.state === "readable" ? seen.listings["trading_signals"] : undefined;
    return listing?.state === "listed" ? listing.backups.map((one) => [store, one] as const) : [];
  });
}

describe("the last proven backup", () => {
  it("is one of all stores: that a proof goes with its backup stops no deletion in another store", () => {
    const proofs = [{ at: NOW, passed: true }];
    const [oldest, older, newest] = ["28", "29", "30"].map((minute) =>
      backupAt(`2026-11-24T10:${minute}:00.000Z`, { proofs }),
    );
    if (oldest === undefined || older === undefined || newest === undefined) throw new Error("three");
    const rules = { ...NO_RULES, atLeast: 0, keepOthersMs: 0 };
    const at: Situation = {
      environment: environment(
        database({
          schedules: [],
          stores: [
            { store: "primary", retention: { ...rules, monthly: 1 } },
            { store: "dr", retention: { ...rules, yearly: 1 } },
          ],
        }),
      ),
      observation: observation({
        stores: { primary: [older, newest], dr: [oldest, { ...newest, state: "incomplete" }] },
      }),
    };
    const { plan } = converge(at, NOW);
    const deleted = plan.steps.filter((step) => step.kind === "prune").map((step) => step.store);
    expect(deleted).toEqual(["primary", "dr"]);
    const after = applied(at.environment, plan, { observation: at.observation, at: NOW });
    expect(converge({ ...at, observation: after }, NOW).plan.steps).toEqual([]);
    const left = backupsOf(after).filter(([, one]) => one.state === "complete");
    expect(left.map(([store, one]) => [store, one.name])).toEqual([
      ["primary", newest.name],
      ["dr", older.name],
    ]);
  });
});

describe("planning, applying and planning again", () => {
  it("leaves nothing to do, and no deletion meets a rail", () => {
    fc.assert(
      fc.property(situation, fc.boolean(), (at, allowLargePrune) => {
        const first = converge(at, NOW, allowLargePrune);
        const after = applied(at.environment, first.plan, { observation: at.observation, at: NOW });
        const second = converge({ ...at, observation: after }, NOW, allowLargePrune);
        expect(second.plan.steps).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("stays settled over days of regular runs", () => {
    const hours = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(situation, hours, (at, gaps) => {
        let world = at.observation;
        let now = NOW;
        for (const gap of gaps) {
          now = instantOf(msOf(now) + gap * HOUR_MS);
          world = applied(at.environment, converge({ ...at, observation: moved(world, now) }, now).plan, {
            observation: moved(world, now),
            at: now,
          });
          expect(converge({ ...at, observation: world }, now).plan.steps).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("deletes exactly what its decisions say, and keeps every other backup", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const { plan, decisions } = converge(at, NOW);
        const after = applied(at.environment, plan, { observation: at.observation, at: NOW });
        const left = new Set(backupsOf(after).map(([store, one]) => `${store} ${one.name}`));
        for (const [store, { name }] of backupsOf(at.observation)) {
          const decision = decisions.find((one) => one.store === store && one.name === name);
          expect(left.has(`${store} ${name}`)).toBe(decision?.verdict !== "prune");
        }
      }),
      { numRuns: 200 },
    );
  });

  it("loses nothing that any store should have, whatever fails", () => {
    fc.assert(
      fc.property(situation, fc.array(fc.nat(), { maxLength: 4 }), (at, picks) => {
        const { plan, decisions } = converge(at, NOW);
        const makers = plan.steps.filter((step) => step.kind === "copy" || step.kind === "verify");
        const failing = new Set(picks.flatMap((pick) => makers[pick % Math.max(1, makers.length)]?.id ?? []));
        const after = applied(at.environment, plan, { observation: at.observation, at: NOW, failing });
        const left = new Set(backupsOf(after).map(([, one]) => one.name));
        for (const { name, verdict } of decisions)
          if (verdict === "keep" || verdict === "copy") expect(left).toContain(name);
      }),
      { numRuns: 300 },
    );
  });

  it("never deletes a held backup, the last proven one, or below the least number", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const after = applied(at.environment, converge(at, NOW).plan, {
          observation: at.observation,
          at: NOW,
        });
        for (const { store, retention } of at.environment.databases[0]?.backup.stores ?? []) {
          const before = backupsOf(at.observation).filter(([name]) => name === store);
          const left = backupsOf(after).filter(([name]) => name === store);
          const names = new Set(left.map(([, one]) => one.name));
          const complete = (all: typeof before) => all.filter(([, one]) => one.state === "complete").length;
          for (const [, one] of before) if (one.holds.length > 0) expect(names).toContain(one.name);
          const least = Math.min(complete(before), Math.max(1, retention.atLeast));
          expect(complete(left)).toBeGreaterThanOrEqual(least);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("deletes no whole copy of what is damaged in a store that keeps it", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const { plan } = converge(at, NOW);
        const before = backupsOf(at.observation);
        const after = applied(at.environment, plan, { observation: at.observation, at: NOW });
        const all = [...before, ...backupsOf(after)].map(([, one]) => one);
        const complete = new Map(all.filter((one) => one.state === "complete").map((one) => [one.name, one]));
        // a `.sql.gz.enc` that lacks its checksum is completed by a copy, which every deletion waits for
        const copied = new Set(plan.steps.flatMap((step) => (step.kind === "copy" ? [copiedBy(step)] : [])));
        for (const step of plan.steps) {
          if (step.kind !== "prune" || step.target.type !== "backup") continue;
          const { name } = step.target;
          for (const { store, retention } of at.environment.databases[0]?.backup.stores ?? []) {
            const damaged = before.find(([where, one]) => where === store && one.name === name)?.[1];
            if (damaged?.state !== "incomplete" || damaged.etag === null) continue;
            if (damaged.layout === "classic" && copied.has(`${store} ${name}`)) continue;
            const whole = [...complete.values(), ...(complete.has(name) ? [] : [damaged])];
            const verdicts = decideRetention(whole, retention, { now: NOW, provenName: null });
            const verdict = verdicts.find((one) => one.name === name);
            expect(verdict?.ruled).not.toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("deletes nothing after an edit of the schedules that makes no backup due", () => {
    fc.assert(
      fc.property(situation, schedules, (at, edited) => {
        const first = converge(at, NOW);
        const settled = applied(at.environment, first.plan, { observation: at.observation, at: NOW });
        const policy = at.environment.databases[0]?.backup;
        const changed = environment(database({ ...policy, schedules: edited }));
        const { plan } = converge({ environment: changed, observation: settled }, NOW);
        if (plan.steps.some((step) => step.kind === "dump")) return;
        expect(plan.steps).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same bytes for the same world, in whatever order it is told", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const { stores } = at.observation;
        const turned = Object.fromEntries(Object.entries(stores).reverse());
        const again = { ...at, observation: { ...at.observation, stores: turned } };
        expect(renderPlan(converge(again, NOW).plan)).toBe(renderPlan(converge(at, NOW).plan));
      }),
      { numRuns: 100 },
    );
  });

  it("deletes nothing anywhere while one store cannot be read", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const seen = observation({ stores: { primary: [], dr: "unreadable" } });
        const stores = {
          ...at.observation.stores,
          dr: seen.stores["dr"] ?? at.observation.stores["primary"],
        };
        const base = at.environment.databases[0]?.backup.stores[0];
        if (base === undefined) return;
        const both = environment(
          database({ stores: [base, { store: "dr", retention: base.retention }], schedules: [] }),
        );
        const world = { ...at.observation, stores: stores as Observation["stores"] };
        const { plan, problems } = converge({ environment: both, observation: world }, NOW);
        expect(plan.steps.filter((step) => step.effect === "destroy")).toEqual([]);
        expect(problems.map((one) => one.code)).toContain("STORE_UNREADABLE");
      }),
      { numRuns: 100 },
    );
  });

  it("never deletes more than half of a database in one store unless it is told to", () => {
    fc.assert(
      fc.property(situation, (at) => {
        const { plan } = converge(at, NOW, false);
        for (const { name } of at.environment.stores) {
          const arriving = plan.steps.filter(
            (step) =>
              (step.kind === "upload" && step.store === name) || (step.kind === "copy" && step.to === name),
          );
          const pruned = plan.steps.filter(
            (step) => step.kind === "prune" && step.store === name && step.target.type === "backup",
          );
          const complete = backupsOf(at.observation).filter(
            ([store, one]) => store === name && one.state === "complete",
          );
          expect(pruned.length * 2).toBeLessThanOrEqual(complete.length + arriving.length);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function copiedBy({ to, backup }: CopyStep): string {
  return "existing" in backup ? `${to} ${backup.existing}` : "";
}

function moved(world: Observation, at: Instant): Observation {
  const stores = Object.entries(world.stores).map(([name, one]) => [
    name,
    one.state === "readable" ? { ...one, clockAt: at } : one,
  ]);
  const databases = Object.entries(world.databases).map(([name, one]) => [
    name,
    one.state === "reachable" ? { ...one, clockAt: at } : one,
  ]);
  return {
    ...world,
    observedAt: at,
    stores: Object.fromEntries(stores),
    databases: Object.fromEntries(databases),
  };
}
