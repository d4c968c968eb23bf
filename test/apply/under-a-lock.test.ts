import { expect, it } from "vitest";
import { settle } from "./build.ts";
import { gatedWorld, worldOf } from "./run-world.ts";
import { holdOf } from "./steps.ts";

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
