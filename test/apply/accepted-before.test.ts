import { describe, expect, it } from "vitest";
import { readAcceptedBefore, type SameRestore } from "../../src/apply/accepted-before.ts";
import { runPlan } from "../../src/apply/run-plan.ts";
import { storePlan } from "../../src/apply/stored-plan.ts";
import { unitsOf } from "../../src/apply/units.ts";
import type { AcceptedFailure } from "../../src/model/accepted-before.ts";
import { journalKey } from "../../src/model/layout.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Step } from "../../src/model/step.ts";
import { planDigest } from "../../src/plan/seal-plan.ts";
import type { Handlers } from "../../src/steps/handler.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";
import { never, optionsOf, planOf, recordsOf } from "./build.ts";
import { failing } from "./run-world.ts";
import { holdOf, restoreOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

const VIEW = "0 16400 MATERIALIZED VIEW DATA public counted app";
const GRANT = "0 16401 ACL public TABLE users app";
const ROWS = "0 16402 TABLE DATA public users app";
const SAME: SameRestore = { database: "app", from: "production", endpoint: "db:5432", live: "app" };

describe("the failures that are accepted by default", () => {
  it("are none where nothing was ever restored", async () => {
    expect(await readAcceptedBefore(memoryStore(), SAME, never)).toEqual([]);
  });

  it("are those that the last restore tolerated and met, but for data", async () => {
    const store = memoryStore();
    const plan = await apply(store, { tolerate: [VIEW, GRANT, ROWS], failed: [VIEW, ROWS] });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([{ entry: VIEW, plan: plan.plan }]);
  });

  it("are all that it tolerated where the journal does not say what failed", async () => {
    const store = memoryStore();
    const { plan } = await apply(store, { tolerate: [VIEW, GRANT] });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([
      { entry: VIEW, plan },
      { entry: GRANT, plan },
    ]);
  });

  it("keep the plan for which they were named", async () => {
    const store = memoryStore();
    const acceptedBefore = [{ entry: VIEW, plan: "f".repeat(64) }];
    const { plan } = await apply(store, { tolerate: [VIEW, GRANT], acceptedBefore });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([acceptedBefore[0], { entry: GRANT, plan }]);
  });

  it("are forgotten when the last restore needed none", async () => {
    const store = memoryStore();
    await apply(store, { tolerate: [VIEW] });
    await apply(store, { tolerate: [], createdAt: "2026-11-24T02:00:00.000Z" });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([]);
  });

  it.each([
    { other: "database", in: { live: "app_check" } },
    { other: "server", in: { endpoint: "elsewhere:5432" } },
    { other: "environment's backups", in: { from: "staging" } },
  ])("are not those of another $other", async ({ in: other }) => {
    const store = memoryStore();
    const { plan } = await apply(store, { tolerate: [VIEW] });
    await apply(store, { tolerate: [GRANT], ...other });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([{ entry: VIEW, plan }]);
    expect(await readAcceptedBefore(store, { ...SAME, ...other }, never)).toMatchObject([{ entry: GRANT }]);
  });

  it.each(["app.load", "app.analyze", "app.swap"])(
    "are not those of a restore that ended at %s",
    async (id) => {
      const store = memoryStore();
      const { plan } = await apply(store, { tolerate: [VIEW] });
      await apply(store, { tolerate: [GRANT], fails: id });
      expect(await readAcceptedBefore(store, SAME, never)).toEqual([{ entry: VIEW, plan }]);
    },
  );

  it("are those of a restore in place once it is kept, and not when its schemas were only moved aside", async () => {
    const store = memoryStore();
    const { plan } = await apply(store, { tolerate: [VIEW], inPlace: true });
    await apply(store, { tolerate: [GRANT], inPlace: true, fails: "app.swap" });
    expect(await readAcceptedBefore(store, SAME, never)).toEqual([{ entry: VIEW, plan }]);
  });

  it("are found by few reads, however long the journals are by now", async () => {
    const store = memoryStore();
    await apply(store, { tolerate: [VIEW] });
    for (let day = 1; day <= 30; day += 1) await run(store, sealed([holdOf("app", `day-${day}`)]));
    const read: string[] = [];
    const counted: MemoryStore = {
      ...store,
      read: (key, ...rest) => {
        read.push(key);
        return store.read(key, ...rest);
      },
    };
    expect(await readAcceptedBefore(counted, SAME, never)).toMatchObject([{ entry: VIEW }]);
    expect(store.keys().filter((key) => key.startsWith("_dbops/journal/app/")).length).toBeGreaterThan(60);
    expect(read.length).toBeLessThan(30);
  });

  it("are not guessed where an entry of the journal is gone", async () => {
    const store = memoryStore();
    await apply(store, { tolerate: [VIEW] });
    const gone = journalKey("app.restore", 2);
    const info = await store.head(gone, never);
    await store.remove(gone, { etag: info?.etag ?? "" }, never);
    await expect(readAcceptedBefore(store, SAME, never)).rejects.toThrow(gone);
  });
});

interface Restore {
  readonly tolerate: readonly string[];
  readonly acceptedBefore?: readonly AcceptedFailure[];
  /** What its load met; not given: its journal does not say. */
  readonly failed?: readonly string[];
  /** The step that fails. */
  readonly fails?: string;
  /** Its schemas are moved aside first, and the swap keeps what was loaded. */
  readonly inPlace?: true;
  readonly from?: string;
  readonly live?: string;
  readonly endpoint?: string;
  readonly createdAt?: string;
}

async function apply(store: MemoryStore, restore: Restore): Promise<Plan> {
  const { tolerate, acceptedBefore, from = SAME.from, live = SAME.live, endpoint = SAME.endpoint } = restore;
  const steps = restoreOf("app").map((step): Step => {
    if (step.kind === "download") return { ...step, from };
    if (step.kind === "swap")
      return restore.inPlace === true ? schemasOf(step, live, "keep") : { ...step, live };
    if (step.kind === "create" && restore.inPlace === true) return schemasOf(step, live, "aside");
    return step.kind === "load"
      ? { ...step, tolerate, ...(acceptedBefore === undefined ? {} : { acceptedBefore }) }
      : step;
  });
  const app = { endpoint, database: live, systemIdentifier: null, oid: 1 };
  const plan = sealed(steps, { targets: { stores: {}, databases: { app } }, createdAt: restore.createdAt });
  await run(store, plan, restore);
  return plan;
}

/** A step of a restore in place, under the name of one that a restore into a database of its own has there. */
function schemasOf({ id, needs }: Step, live: string, direction: "aside" | "keep"): Step {
  const [first] = restoreOf("app");
  if (first?.kind !== "create") throw new Error("a restore begins with its database");
  const { name: _name, like: _like, ...base } = first;
  const marker = "dbops_00000000_old";
  const rest = { live, marker, moves: null, expect: { liveOid: 1 }, lostSlots: [] };
  return { ...base, ...rest, id, needs, kind: "swap", type: "schemas", direction };
}

async function run(store: MemoryStore, plan: Plan, { failed, fails }: Partial<Restore> = {}): Promise<void> {
  const handlers = meeting(failed, syntheticHandlers(failing(...(fails === undefined ? [] : [fails]))));
  const records = recordsOf(store);
  await storePlan(records, plan, unitsOf(plan, handlers));
  await runPlan(plan, optionsOf(records, { primary: memoryStore() }, { handlers }));
}

/** Handlers whose load tells that these entries failed. */
function meeting(failed: readonly string[] | undefined, handlers: Handlers): Handlers {
  const { load } = handlers;
  if (failed === undefined || load.shape !== "sink") return handlers;
  const failures = failed.map((entry) => ({ entry }));
  const drain: typeof load.drain = async (...args) => ({ ...(await load.drain(...args)), failures });
  return { ...handlers, load: { ...load, drain } };
}

function sealed(
  steps: readonly Step[],
  { createdAt, ...more }: { targets?: Plan["targets"]; createdAt?: string | undefined } = {},
): Plan {
  const made = planOf(steps);
  const plan = { ...made, ...more, createdAt: createdAt ?? made.createdAt, config: "0".repeat(64) };
  return { ...plan, plan: planDigest(plan) };
}
