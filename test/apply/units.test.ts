import { describe, expect, it } from "vitest";
import { unitsOf } from "../../src/apply/units.ts";
import type { Step } from "../../src/model/step.ts";
import { planOf } from "./build.ts";
import { copyOf, holdOf, pipelineOf, pruneOf, verifyOf } from "./steps.ts";
import { syntheticHandlers } from "./synthetic-handlers.ts";

describe("the units of a plan", () => {
  it("are one for each pipeline and one for each action, under the scope of their guard", () => {
    const steps = [...pipelineOf("app"), copyOf("app"), verifyOf("app"), pruneOf("app", "old")];
    const units = unitsOf(planOf(steps), syntheticHandlers());
    expect(units.map(({ id, guard, scope, steps }) => [id, guard, scope, steps.length])).toEqual([
      ["app.new", "lease", "app.backup", 3],
      ["app.copy", "lease", "app.backup", 1],
      ["app.verify", "lease", "app.backup", 1],
      ["app.prune.old", "lock", "app", 1],
    ]);
  });

  it("turn what a step waits for into units, and leave out what a pipeline waits for inside", () => {
    const steps = [
      holdOf("app", "x"),
      ...pipelineOf("app", { after: ["app.hold.x"] }),
      copyOf("app", { needs: ["app.dump", "app.upload"], after: ["app.hold.x"] }),
    ];
    const [, pipeline, copy] = unitsOf(planOf(steps), syntheticHandlers());
    expect([pipeline?.needs, pipeline?.after]).toEqual([new Set(), new Set(["app.hold.x"])]);
    expect([copy?.needs, copy?.after]).toEqual([new Set(["app.new"]), new Set(["app.hold.x"])]);
  });
});

const [dump, encrypt, upload] = pipelineOf("app");
if (dump === undefined || encrypt === undefined || upload === undefined) throw new Error("no pipeline");
const action: Step = { ...holdOf("app", "x"), id: "app.new" };

describe("a plan that cannot run is refused before anything begins:", () => {
  it.each<[string, readonly Step[], RegExp]>([
    ["two steps of one name", [holdOf("app", "x"), holdOf("app", "x")], /two steps are called app\.hold\.x/],
    ["a need that is no step", [holdOf("app", "x", { needs: ["nothing"] })], /needs nothing/],
    ["an after that is no step", [holdOf("app", "x", { after: ["nothing"] })], /needs nothing/],
    [
      "a step that waits for itself",
      [holdOf("app", "x", { needs: ["app.hold.y"] }), holdOf("app", "y", { after: ["app.hold.x"] })],
      /wait for each other: app\.hold\.x, app\.hold\.y/,
    ],
    ["a source without a sink", [dump, encrypt], /app\.new is neither/],
    ["a sink without a source", [upload], /app\.new is neither/],
    ["two sources", [dump, { ...dump, id: "second" }, upload], /app\.new is neither/],
    ["a sink before its source", [upload, dump], /app\.new is neither/],
    ["an action that bears the name of a pipeline", [action, dump, encrypt, upload], /app\.new is neither/],
  ])("%s", (_what, steps, message) => {
    const units = () => unitsOf(planOf(steps), syntheticHandlers());
    expect(units).toThrow(message);
    expect(units).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: "PLAN_INVALID" })] }),
    );
  });
});
