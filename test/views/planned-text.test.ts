import { describe, expect, it } from "vitest";
import type { Decision } from "../../src/model/planned.ts";
import type { Report } from "../../src/model/report.ts";
import { problem } from "../../src/problems/problem.ts";
import { aPlan, aPlanned, backupSteps, copyStep, OLD, pruneStep, verifyStep } from "./build.ts";
import { captureView } from "./capture.ts";

const STEPS = [...backupSteps(), verifyStep(), copyStep(), pruneStep()];
const UNREADABLE = problem("STORE_UNREADABLE", "dr: connection refused", { fix: "dbops doctor production" });
const MISSED = problem("SLOT_MISSED", "trading_signals: 2 slots of daily", { severity: "warning" });

describe("a plan with changes", () => {
  it("shows a block per database, a pipeline as one item, each with its reason, and the sum last", () => {
    expect(
      bothOf(planned({})),
    ).toBe(`production: converge, made 2026-11-24 01:02:03 UTC, good until 2026-11-25 01:02:03 UTC

trading_signals
  +  back up trading_signals to primary
       slot 2026-11-24 01:00 of schedule daily is due
       dump trading_signals, zstd 1
       encrypt trading_signals, age to 2 recipients
       upload trading_signals to primary, database of 1.2 GiB
     verify the new backup of trading_signals in primary
       a deletion needs it
  +  copy the new backup of trading_signals from primary to dr
       dr should hold it and lacks it
  -  delete ${OLD} from primary
       no rule covers it: outside within 30d

Plan: 2 to add, 0 to change, 1 to destroy.
`);
  });

  it("keeps the databases apart", () => {
    const text = bothOf(planned({ plan: aPlan([...backupSteps("b"), ...backupSteps("a"), pruneStep()]) }));
    expect(text.match(/^\S+$/gm)).toEqual(["b", "a", "trading_signals"]);
  });

  it("marks a point of no return", () => {
    expect(bothOf(planned({ plan: aPlan([pruneStep({ pointOfNoReturn: true })]) }))).toContain(
      `  !  delete ${OLD} from primary\n`,
    );
  });

  it("says so when a backup is not encrypted", () => {
    const steps = backupSteps().filter((step) => step.kind !== "encrypt");
    expect(bothOf(planned({ plan: aPlan(steps) }))).toContain("\n       not encrypted\n");
  });

  it("tells how to read, rehearse and apply the file that was written", () => {
    expect(bothOf({ ...planned({}), file: "plans/it's.yaml" })).toContain(`
Written to plans/it's.yaml. To read it again, to rehearse it, to carry it out:
  dbops show 'plans/it'\\''s.yaml'
  dbops apply 'plans/it'\\''s.yaml' --dry-run
  dbops apply 'plans/it'\\''s.yaml'

Plan: 2 to add`);
  });

  it("prints warnings beneath the plan and errors on stderr, before the last line", () => {
    const captured = captureView();
    captured.view.report(planned({ problems: [UNREADABLE], notices: [MISSED] }));
    expect(captured.stdout()).toContain(
      "warning: scheduled backups were missed\n  trading_signals: 2 slots of daily\n",
    );
    expect(captured.stderr()).toBe(
      "error: a store cannot be read\n  dr: connection refused\nhint: dbops doctor production\n",
    );
    expect(captured.both()).toMatch(
      /hint: dbops doctor production\n\n1 error above: [^\n]+\nPlan: 2 to add, 0 to change, 1 to destroy\.\n$/,
    );
  });

  it("does not let a name act on the terminal", () => {
    const steps = [pruneStep({ database: "a\u001b[2J", why: "b\u001b[2J", store: "c\u001b[2J" })];
    expect(bothOf(planned({ plan: aPlan(steps) }))).not.toContain("\u001b");
  });
});

describe("a plan without steps", () => {
  it("says that reality matches the file", () => {
    expect(
      bothOf(planned({ plan: aPlan([]) }))
        .trimEnd()
        .split("\n")
        .at(-1),
    ).toBe("No changes. production matches environments/production.yaml.");
  });

  it("never says so when something could not be looked at", () => {
    const text = bothOf(planned({ plan: aPlan([]), problems: [UNREADABLE] }));
    expect(text).not.toContain("No changes");
    expect(text).toContain("1 error above: this is not the whole picture of production.\n");
    expect(text).toContain("dr: connection refused");
  });
});

describe("what is kept", () => {
  const decisions = [
    decision("primary", "b1", "keep", "within 2d", "daily 1 of 30"),
    decision("primary", "b2", "keep", "daily 2 of 30"),
    decision("primary", "b3", "keep", "daily 3 of 30"),
    decision("primary", "b4", "keep", "held: incident-42"),
    decision("primary", "b5", "prune", "no rule covers it"),
    decision("dr", "b6", "incomplete", "no manifest"),
  ];

  it("is summed up by store and reason, each backup once", () => {
    expect(bothOf(planned({ decisions }))).toContain(
      "\n  keeps 4 in primary: daily 2, held 1, within 2d 1\n  sees 1 incomplete in dr\n",
    );
  });

  it("is told in full with --verbose, also for a database without steps", () => {
    const text = bothOf(planned({ plan: aPlan([]), decisions }), true);
    expect(text).toContain(`trading_signals
  STORE    BACKUP  VERDICT     REASONS
  primary  b1      keep        within 2d, daily 1 of 30
  primary  b2      keep        daily 2 of 30
  primary  b3      keep        daily 3 of 30
  primary  b4      keep        held: incident-42
  primary  b5      prune       no rule covers it
  dr       b6      incomplete  no manifest
`);
  });
});

type PlannedReport = Extract<Report, { kind: "planned" }>;

function planned(more: Partial<PlannedReport["planned"]>): PlannedReport {
  return {
    kind: "planned",
    planned: aPlanned(STEPS, more),
    file: null,
    environmentFile: "environments/production.yaml",
  };
}

function decision(store: string, name: string, verdict: Decision["verdict"], ...reasons: string[]): Decision {
  return { database: "trading_signals", store, name, verdict, reasons };
}

function bothOf(report: Report, verbose = false): string {
  const captured = captureView({ verbose });
  captured.view.report(report);
  return captured.both();
}
