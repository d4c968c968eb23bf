import { expect, it } from "vitest";
import { settle } from "./build.ts";
import { gatedWorld } from "./run-world.ts";
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
