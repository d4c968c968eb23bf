import { describe, expect, it } from "vitest";
import type { HoldStep } from "../../src/model/step.ts";
import type { StepRun } from "../../src/steps/handler.ts";
import { hold } from "../../src/steps/hold.ts";
import { never, portsOf } from "../apply/build.ts";
import { sealed, stepBase } from "../plan/any-plan.ts";
import { memoryStore } from "../support/memory-store.ts";
import { DB, folderAt, nameOf } from "./prune-world.ts";

const STAMP = "20261120_010000";

describe("the end of a hold", () => {
  it.each([
    [["hold/why.json"], "why"],
    [["hold/why"], "why"],
    [["hold/why", "hold/why.json"], "why"],
    [["hold/why.json.json"], "why.json"],
    [["hold/a/b"], "a/b"],
  ])("removes what holds: %j", async (keys, id) => {
    const world = worldWith(keys);
    expect(await world.carryOut("release", id)).toBe("ready");
    expect(world.left()).toEqual([]);
    expect(await world.carryOut("release", id)).toBe("done");
  });

  it("leaves holds of other ids alone", async () => {
    const world = worldWith(["hold/why.json", "hold/why.json.json", "hold/whynot"]);
    await world.carryOut("release", "why.json");
    expect(world.left()).toEqual(["hold/why.json", "hold/whynot"]);
    await world.carryOut("release", "why");
    expect(world.left()).toEqual(["hold/whynot"]);
  });
});

describe("the begin of a hold", () => {
  it("is an object of its own beside one that dbops would not name so", async () => {
    const world = worldWith(["hold/why"]);
    expect(await world.carryOut("place", "why")).toBe("ready");
    expect(world.left()).toEqual(["hold/why", "hold/why.json"]);
    expect(await world.carryOut("place", "why")).toBe("done");
  });
});

describe("a hold of a runbook's file", () => {
  it("stands beside it, and its end removes it there alone", async () => {
    const world = worldWith(["hold/why.json"], { layout: "classic" });
    world.store.put(`${nameOf(STAMP)}.hold.why`, "{}");
    expect(await world.carryOut("place", "why")).toBe("ready");
    expect(world.store.keys()).toContain(`${nameOf(STAMP)}.hold.why.json`);
    expect(await world.carryOut("place", "why")).toBe("done");
    expect(await world.carryOut("release", "why")).toBe("ready");
    expect(world.store.keys()).toEqual([`${folderAt(STAMP)}hold/why.json`]);
    expect(await world.carryOut("release", "why")).toBe("done");
  });
});

/** A store with these objects in one backup's folder. */
function worldWith(keys: readonly string[], more: Pick<HoldStep, "layout"> = {}) {
  const store = memoryStore();
  for (const key of keys) store.put(`${folderAt(STAMP)}${key}`, "{}");
  const carryOut = async (action: HoldStep["action"], id: string): Promise<string> => {
    const step: HoldStep = {
      ...stepBase(`${DB}.${action}.primary`),
      effect: "change",
      kind: "hold",
      action,
      backup: { existing: nameOf(STAMP) },
      ...more,
      store: "primary",
      hold: id,
      reason: null,
    };
    const run: StepRun = {
      ports: portsOf({ primary: store }),
      plan: sealed([step]),
      signal: never,
      journaled: () => null,
      leaseHolder: async () => null,
      note: async () => undefined,
      assertHeld: async () => undefined,
      progress: () => undefined,
    };
    const { state } = await hold.probe(step, run);
    if (state === "ready") await hold.execute(step, run);
    return state;
  };
  return { store, carryOut, left: () => store.keys().map((key) => key.slice(folderAt(STAMP).length)) };
}
