import { describe, expect, it } from "vitest";
import { runPlan } from "../../src/apply/run-plan.ts";
import { verifyJournal } from "../../src/apply/verify-journal.ts";
import type { Plan } from "../../src/model/plan.ts";
import { listScopes } from "../../src/ports/list-scopes.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { EXPIRED_AT, handClock, hostOf, never, optionsOf, planOf, recordsOf, START_AT } from "./build.ts";
import { type Death, type DyingProcess, dyingProcess } from "./dying-process.ts";
import { copyOf, holdOf, pipelineOf, pruneOf, restoreOf, verifyOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

const MOMENTS = ["before", "after"] as const;
const ENDS = ["throws", "hangs"] as const;

const PLAN = planOf([...["a_b", "app"].flatMap(stepsOf), ...restoreOf("shop")]);

describe("a run that is killed and resumed", () => {
  for (const moment of MOMENTS)
    for (const next of ENDS) {
      it(`ends in the same state, killed ${moment} any journal write of a process that ${next}`, async () => {
        const expected = await endStateWithoutKill();
        let at = 1;
        for (; ; at += 1) {
          const world = newWorld();
          const first = await attempt(world, { death: { at, moment, next }, pid: 1 });
          if (!first.isDead) break;
          await resume(world, at % 2 === 0 ? "the lock expired" : "the holder is dead");
          expect(world.endState(), `killed ${moment} write ${at}`).toEqual(expected);
          expect(world.repeated, `killed ${moment} write ${at}`).toEqual([]);
          await expectChained(world);
        }
        expect(at).toBeGreaterThan(20);
      });
    }

  it("ends in the same state when the resuming run is killed as well", async () => {
    const expected = await endStateWithoutKill();
    for (let first = 1; first <= 21; first += 4)
      for (let second = 1; second <= 21; second += 1) {
        const world = newWorld();
        const death = { moment: "after", next: "hangs" } as const;
        await attempt(world, { death: { ...death, at: first }, pid: 1 });
        await attempt(world, { death: { ...death, at: second }, pid: 2, dead: [1] });
        await resume(world, "the holder is dead");
        expect(world.endState(), `killed at ${first} and ${second}`).toEqual(expected);
        expect(world.repeated, `killed at ${first} and ${second}`).toEqual([]);
        await expectChained(world);
      }
  });

  it("does nothing more once it is applied", async () => {
    const world = newWorld();
    await attempt(world, { death: null, pid: 1 });
    const effects = world.effects.length;
    await attempt(world, { death: null, pid: 2 });
    expect(world.effects.length).toBe(effects);
  });
});

function stepsOf(database: string): Plan["steps"] {
  const after = [`${database}.verify`, `${database}.prune.old`];
  return [
    ...pipelineOf(database),
    copyOf(database),
    verifyOf(database),
    pruneOf(database, "old", { needs: [`${database}.verify`] }),
    pruneOf(database, "older", { needs: [`${database}.verify`] }),
    holdOf(database, "notified", { after }),
  ];
}

interface World {
  readonly records: MemoryStore;
  readonly stores: { readonly primary: MemoryStore; readonly dr: MemoryStore };
  readonly effects: string[];
  /** Effects of steps that had ended. */
  readonly repeated: string[];
  /** Every object of every store but the records, with its content. */
  endState(): unknown;
  nowAt: string;
}

function newWorld(): World {
  const world: World = {
    records: memoryStore({ now: () => world.nowAt }),
    stores: { primary: memoryStore(), dr: memoryStore() },
    effects: [],
    repeated: [],
    endState: () =>
      Object.entries(world.stores).map(([name, store]) => [
        name,
        store.keys().map((key) => [key, store.text(key)]),
      ]),
    nowAt: START_AT,
  };
  for (const database of ["a_b", "app"])
    for (const name of ["old", "older"]) world.stores.primary.put(`${database}/${name}`, "an old backup");
  return world;
}

interface Attempt {
  readonly death: Death | null;
  readonly pid: number;
  readonly dead?: readonly number[];
}

/** Runs until the plan has ended or the process is dead. */
async function attempt(world: World, { death, pid, dead }: Attempt): Promise<DyingProcess> {
  const process = dyingProcess(death);
  const ended = new Set(world.effects.flatMap((line) => (line.startsWith("ended ") ? [line.slice(6)] : [])));
  process.onEnd((step) => {
    ended.add(step);
    world.effects.push(`ended ${step}`);
  });
  const handlers = syntheticHandlers((step) => {
    if (process.isDead) return;
    if (ended.has(step.id)) world.repeated.push(step.id);
    world.effects.push(step.id);
  });
  const host = hostOf(pid, dead);
  const records = recordsOf(process.through(world.records), { host, clock: handClock() });
  const stores = { primary: process.through(world.stores.primary), dr: process.through(world.stores.dr) };
  const running = runPlan(PLAN, optionsOf(records, stores, { handlers })).catch((error: unknown) => {
    if (!process.isDead) throw error;
  });
  const applied = await Promise.race([running, process.death.then(() => undefined)]);
  if (death?.next === "throws") await running;
  if (!process.isDead) expect(applied?.outcome).toBe("applied");
  return process;
}

async function resume(world: World, because: "the lock expired" | "the holder is dead"): Promise<void> {
  if (because === "the lock expired") world.nowAt = EXPIRED_AT;
  const dead = because === "the holder is dead" ? [1, 2] : [];
  await attempt(world, { death: null, pid: 3, dead });
}

async function endStateWithoutKill(): Promise<unknown> {
  const world = newWorld();
  await attempt(world, { death: null, pid: 1 });
  await expectChained(world);
  return world.endState();
}

async function expectChained(world: World): Promise<void> {
  const scopes = await listScopes(world.records, never);
  expect(scopes).toEqual(["a_b", "a_b.backup", "app", "app.backup", "shop", "shop.restore"]);
  for (const scope of scopes) {
    const verified = await verifyJournal(world.records, scope, never);
    expect(verified).toEqual({
      entries: expect.any(Number),
      state: "consistent, anchored",
      problem: null,
    });
    expect(verified.entries).toBeGreaterThan(0);
  }
}
