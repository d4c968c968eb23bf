import { describe, expect, it } from "vitest";
import type { Step } from "../../src/model/step.ts";
import { actionOf, describeStep, signOf, verdictLine } from "../../src/plan/describe.ts";
import { problem } from "../../src/problems/problem.ts";
import { sealed, stepBase } from "./any-plan.ts";

const FILE = "environments/production.yaml";
const COPY: Step = {
  ...stepBase("trading_signals.copy.dr"),
  effect: "add",
  kind: "copy",
  backup: { made: "trading_signals.upload" },
  from: "primary",
  to: "dr",
};

describe("the line of a step", () => {
  it("has its sign, what it does and why", () => {
    expect(describeStep(COPY)).toBe(
      "+ copy the new backup of trading_signals from primary to dr: for a test",
    );
  });

  it("marks what destroys, and a point of no return before all", () => {
    const target = {
      type: "leftover",
      name: "x",
      expect: { modifiedAt: "2026-11-24T01:00:00.000Z" },
    } as const;
    const prune: Step = { ...stepBase("p"), effect: "destroy", kind: "prune", store: "primary", target };
    expect(describeStep(prune)).toBe("- delete what is left of x from primary: for a test");
    expect(signOf({ ...prune, pointOfNoReturn: true })).toBe("!");
  });

  it("names the hold that is placed or released", () => {
    const hold: Step = {
      ...stepBase("h"),
      effect: "change",
      kind: "hold",
      action: "release",
      backup: { existing: "x" },
      store: "dr",
      hold: "incident-42",
      reason: null,
    };
    expect(describeStep(hold)).toBe("~ release the hold incident-42 of x in dr: for a test");
    expect(describeStep({ ...hold, action: "place" })).toBe("~ hold x in dr as incident-42: for a test");
  });
});

describe("the line of a step of a restore", () => {
  const swap: Step = {
    ...stepBase("s"),
    effect: "change",
    pointOfNoReturn: true,
    kind: "swap",
    type: "database",
    side: "dbops_00000000_side",
    live: "app",
    old: "dbops_00000000_old",
    backup: "b",
    expect: { liveOid: 5 },
    lostSlots: [],
    properties: null,
  };

  it("says what becomes of what is there", () => {
    expect(describeStep(swap)).toBe(
      "! swap dbops_00000000_side with app, which becomes dbops_00000000_old: for a test",
    );
    expect(describeStep({ ...swap, expect: { liveOid: null } })).toBe(
      "! rename dbops_00000000_side to app: for a test",
    );
  });

  it("says which way schemas go", () => {
    const schemas: Step = {
      ...stepBase("s"),
      kind: "swap",
      type: "schemas",
      direction: "aside",
      live: "app",
      backup: "b",
      marker: "dbops_00000000_old",
      moves: null,
      expect: { liveOid: 5 },
      lostSlots: [],
    };
    const actions = (["aside", "keep", "back"] as const).map((direction) =>
      actionOf({ ...schemas, direction }),
    );
    expect(actions).toEqual([
      "move the schemas of app aside, which become dbops_00000000_old_1 …",
      "keep b in app",
      "give the schemas of app their names back, unless b is kept",
    ]);
  });

  it("tells the variants of verify apart", () => {
    const database: Step = {
      ...stepBase("v"),
      kind: "verify",
      type: "database",
      name: "dbops_00000000_side",
      without: [],
      checks: [],
    };
    const http: Step = { ...stepBase("h"), kind: "verify", type: "http", urls: ["https://a/", "https://b/"] };
    expect(describeStep(database)).toBe("  verify the database dbops_00000000_side: for a test");
    expect(describeStep(http)).toBe("  ask https://a/, https://b/: for a test");
  });
});

describe("the last line of a plan", () => {
  it("counts what is added, changed and destroyed", () => {
    const plan = sealed([COPY], { summary: { add: 4, change: 0, destroy: 2 } });
    expect(verdictLine(plan, [], { file: FILE, leftOut: 0 })).toBe(
      "Plan: 4 to add, 0 to change, 2 to destroy.",
    );
  });

  it("says that nothing changes only when everything could be looked at", () => {
    expect(verdictLine(sealed([]), [], { file: FILE, leftOut: 0 })).toBe(
      "No changes. production matches environments/production.yaml.",
    );
    const unread = problem("STORE_UNREADABLE", "dr: connection refused");
    expect(verdictLine(sealed([]), [unread], { file: FILE, leftOut: 0 })).toBe(
      "Nothing is planned. 1 problem.",
    );
    expect(verdictLine(sealed([]), [{ ...unread, severity: "warning" }], { file: FILE, leftOut: 0 })).toMatch(
      /^No changes/,
    );
  });

  it("does not say that all is well where steps were left out", () => {
    expect(verdictLine(sealed([]), [], { file: FILE, leftOut: 4 })).toBe(
      "Nothing is planned: 4 steps left out as asked.",
    );
  });

  it("claims nothing of the environment after an operation that found nothing to do", () => {
    expect(verdictLine(sealed([], { operation: "release" }), [], { file: FILE, leftOut: 0 })).toBe(
      "No changes. There is nothing to release.",
    );
  });
});
