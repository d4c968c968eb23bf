import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/model/plan.ts";
import { plan } from "../../src/plan/plan.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { backupAt, database, daysAgo, environment, NO_RULES, NOW, observation } from "./build.ts";

const RETENTION = { ...NO_RULES, daily: 3 };
const FILE = environment(
  database({
    stores: [
      { store: "primary", retention: RETENTION },
      { store: "dr", retention: RETENTION },
    ],
  }),
);
const OLD = [1, 2, 3, 4].map((days) => backupAt(daysAgo(days)));
const WORLD = observation({ stores: { primary: OLD, dr: OLD.slice(0, 1) } });

function planned(target: readonly string[], except: readonly string[] = []): Plan {
  const options = { now: NOW, target, except };
  return plan(FILE, { operation: "converge" }, { observation: WORLD, options }).plan;
}

function ids(target: readonly string[], except: readonly string[] = []): readonly string[] {
  return planned(target, except).steps.map((one) => one.id.replace("trading_signals.", ""));
}

function refusal(target: readonly string[], except: readonly string[]): string {
  try {
    planned(target, except);
  } catch (error) {
    if (error instanceof DbopsError && error.is("USAGE")) return error.message;
    throw error;
  }
  return "accepted";
}

const ALL = [
  "dump",
  "encrypt",
  "upload",
  "verify",
  "copy.dr",
  "verify.dr",
  "copy.dr.20261122_103000",
  "verify.dr.20261122_103000",
  "prune.primary.20261121_103000",
  "prune.primary.20261120_103000",
];

describe("--target and --except", () => {
  it("leave the plan as it is when neither is given", () => {
    expect(ids([])).toEqual(ALL);
  });

  it("bring all that a target needs, and no half pipeline", () => {
    expect(ids(["trading_signals.verify.dr.20261122_103000"])).toEqual([
      "copy.dr.20261122_103000",
      "verify.dr.20261122_103000",
    ]);
    expect(ids(["trading_signals.encrypt"])).toEqual(["dump", "encrypt", "upload"]);
    expect(ids(["trading_signals.prune.primary.20261120_103000"])).toEqual([
      "dump",
      "encrypt",
      "upload",
      "verify",
      "prune.primary.20261120_103000",
    ]);
  });

  it("take a name for all steps that go on after it", () => {
    expect(ids(["trading_signals"])).toEqual(ALL);
    expect(ids(["trading_signals.prune"])).toEqual([...ALL.slice(0, 4), ...ALL.slice(8)]);
  });

  it("take along all that needs an exception", () => {
    expect(ids([], ["trading_signals.copy.dr.20261122_103000"])).toEqual(
      ALL.filter((id) => !id.endsWith("dr.20261122_103000")),
    );
    expect(ids([], ["trading_signals.upload", "trading_signals.prune"])).toEqual(ALL.slice(6, 8));
  });

  it("refuse to take away what a deletion needs", () => {
    expect(refusal([], ["trading_signals.verify"])).toMatch(
      /takes away what the deletion .*20261121_103000 needs/,
    );
    expect(refusal([], ["trading_signals.dump"])).toMatch(/takes away what the deletion/);
    expect(ids(["trading_signals.copy.dr"], ["trading_signals.prune"])).toEqual(
      ALL.slice(0, 8).filter((id) => id !== "verify.dr" && id !== "verify.dr.20261122_103000"),
    );
  });

  it("let a deletion itself be left out", () => {
    expect(ids([], ["trading_signals.prune.primary.20261120_103000"])).toEqual(ALL.slice(0, -1));
  });

  it("refuse a name that fits no step, naming those there are", () => {
    expect(refusal(["trading_signal"], [])).toMatch(
      /--target trading_signal fits no step of the plan; its steps are/,
    );
    expect(refusal([], ["nothing"])).toMatch(/--except nothing fits no step/);
  });

  it("count only what is left, under a digest of its own", () => {
    const part = planned(["trading_signals.copy.dr.20261122_103000"]);
    expect(part.summary).toEqual({ add: 1, change: 0, destroy: 0 });
    expect(part.plan).not.toBe(planned([]).plan);
  });
});
