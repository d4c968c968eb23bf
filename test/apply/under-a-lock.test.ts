import { expect, it } from "vitest";
import { acquireLock } from "../../src/apply/lock.ts";
import { eventsOf, handClock, hostOf, settle } from "./build.ts";
import { gatedWorld, worldOf } from "./run-world.ts";
import { holdOf, verifyOf } from "./steps.ts";

it("works on one unit at a time under a lock, and on other databases beside it", async () => {
  const { run, begun, release } = gatedWorld();
  const running = run([holdOf("app", "first"), holdOf("app", "second"), holdOf("other", "first")]);
  await settle();
  expect(begun).toEqual(["app.hold.first", "other.hold.first"]);
  release("app.hold.first");
  await settle();
  expect(begun).toEqual(["app.hold.first", "other.hold.first", "app.hold.second"]);
  for (const step of ["app.hold.second", "other.hold.first"]) release(step);
  expect((await running).outcome).toBe("applied");
});

it("does nothing twice that another run of the same plan ended before the lock was free", async () => {
  const { run, effects, outcomes } = worldOf();
  const steps = [holdOf("app", "first")];
  await run(steps);
  expect((await run(steps)).resumed).toBe(true);
  expect(effects).toEqual(["app.hold.first"]);
  expect(outcomes()).toEqual({ "app.hold.first": "earlier" });
});

it("leaves the lock to others while its next unit under it waits for long work, comes back to it, and says for whom it waits", async () => {
  const { run, records, effects, notices } = worldOf(async (step) => {
    if (step.id !== "app.verify") return;
    const store = records;
    const lock = await acquireLock({ store, host: hostOf(2), clock: handClock() }, "app", "another");
    setTimeout(() => void lock.release(), 100); // after the run has asked for it
  });
  const verify = verifyDatabaseAfter("app.hold.first");
  const applied = await run([
    holdOf("app", "first"),
    verify,
    holdOf("app", "second", { needs: [verify.id] }),
  ]);
  expect(applied).toMatchObject({ outcome: "applied", resumed: false });
  expect(effects).toEqual(["app.hold.first", verify.id, "app.hold.second"]);
  const events = eventsOf(records, "app").map((one) => one.event);
  expect(events).toEqual(["plan", "begin", "end", "begin", "end", "applied"]);
  expect(notices).toEqual([
    "waiting for the lock: app is held by deploy-2@host-1, process 2 on host-1, since 2026-11-24T01:00:00.000Z, plan another",
  ]);
});

it("begins nothing while another run holds a lease that is needed later", async () => {
  const { run, records, effects } = worldOf();
  const verify = verifyDatabaseAfter("app.hold.first");
  const context = { store: records, host: hostOf(2), clock: handClock() };
  const lock = await acquireLock(context, "app.restore", "another");
  const steps = [holdOf("app", "first"), verify];
  await expect(run(steps)).rejects.toThrow(/app\.restore is held by/);
  expect(effects).toEqual([]);
  await lock.release();
  expect((await run(steps)).outcome).toBe("applied");
  expect(effects).toEqual(["app.hold.first", verify.id]);
});

function verifyDatabaseAfter(needed: string) {
  const { id, kind, effect, why, database, after } = verifyOf("app");
  const order = { needs: [needed], after };
  const what = { type: "database" as const, name: "side", without: [], checks: [] };
  return { id, kind, effect, why, database, ...order, ...what };
}
