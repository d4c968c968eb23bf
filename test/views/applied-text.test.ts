import { describe, expect, it } from "vitest";
import type { Applied, AppliedStep, Report } from "../../src/model/report.ts";
import type { Step } from "../../src/model/step.ts";
import { problem } from "../../src/problems/problem.ts";
import { aPlan, backupSteps, copyStep, NEW, OLD, pruneStep } from "./build.ts";
import { captureView, NOW_MS } from "./capture.ts";

const STEPS = [...backupSteps(), copyStep(), pruneStep()];
const MADE = { name: NEW, store: "primary", bytes: 300 * 1024 ** 2, plaintextBytes: 1200 * 1024 ** 2 };
const FULL = problem("STORE_FULL", "dr: no space left on device", { fix: "dbops apply 3f2a" });

describe("what a run did", () => {
  it("names the new backup alone on its line, with sizes, time and rate", async () => {
    let nowMs = NOW_MS;
    const captured = captureView({ quiet: false, now: () => nowMs });
    const progress = captured.view.progress(aPlan(STEPS));
    for (const step of backupSteps()) progress.event({ event: "begin", step });
    nowMs += 12_000;
    for (const step of backupSteps()) progress.event({ event: "end", ended: ended(step, "done") });
    await progress.close();
    captured.view.report(
      applied({ steps: [...backupDone(), ended(copyStep(), "done"), ended(pruneStep(), "done")] }),
    );
    expect(captured.stdout()).toBe(`+  back up trading_signals to primary: 12 s
     ${NEW}
     1.2 GiB dumped, 300.0 MiB stored, 100.0 MiB/s
+  copy the new backup of trading_signals from primary to dr
-  delete ${OLD} from primary

Applied: 3 items done in 1 min 5 s.
`);
  });

  it("does not claim to have made a backup that another host had made", () => {
    const evidence = `${NEW} covers the slot`;
    const steps = backupSteps().map((step) => ({ ...ended(step, "done", MADE), evidence }));
    expect(bothOf({ plan: aPlan(backupSteps()), steps })).toContain(
      `+  back up trading_signals to primary\n     nothing had to be done: ${evidence}\n`,
    );
  });

  it("shows what pg_dump warned of where no detail of the backup keeps it", () => {
    const facts = { ...MADE, warnings: ["pg_dump: warning: there are circular\u001b[2J constraints"] };
    const steps = backupSteps().map((step) => ended(step, "done", step.kind === "upload" ? facts : null));
    expect(bothOf({ plan: aPlan(backupSteps()), steps })).toMatch(
      /stored.*\n {5}warning: pg_dump: warning: there are circular\\x1b\[2J constraints\n/,
    );
  });

  it("says what an earlier attempt had done", () => {
    const steps = backupSteps().map((step) => ended(step, "earlier", step.kind === "upload" ? MADE : null));
    const text = bothOf({ plan: aPlan(backupSteps()), steps, resumed: true });
    expect(text).toContain(
      `+  back up trading_signals to primary: done by an earlier attempt\n     ${NEW}\n`,
    );
    expect(text).toContain("Applied, resumed: 1 item done in 1 min 5 s.\n");
  });
});

describe("what failed", () => {
  const failed: Partial<Applied> = {
    outcome: "failed",
    steps: [
      ...backupDone(),
      { ...ended(copyStep(), "failed"), problems: [FULL] },
      {
        ...ended(pruneStep(), "skipped"),
        problems: [problem("STEP_FAILED", "it needs trading_signals.copy.dr", { severity: "warning" })],
      },
    ],
  };

  it("is shown with its problem on stderr, what was not begun with the reason, and how to go on", () => {
    const captured = captureView();
    captured.view.report(applied(failed));
    expect(captured.stdout()).toContain(`x  copy the new backup of trading_signals from primary to dr: failed
   delete ${OLD} from primary: not begun
     it needs trading_signals.copy.dr
`);
    expect(captured.stderr()).toBe(
      "error: a store has no space left\n  dr: no space left on device\nhint: dbops apply 3f2a\n",
    );
    expect(captured.both()).toMatch(
      /\nTo go on from here:\n {2}dbops apply (3f2a){16}\nFailed: 1 done, 1 failed, 1 not begun in 1 min 5 s\.\n$/,
    );
  });

  it("is not to be applied again where only another plan can get past it", () => {
    const stale = problem("PLAN_STALE", "it changed", { fix: "dbops plan production" });
    const steps = [...backupDone(), { ...ended(copyStep(), "failed"), problems: [stale] }];
    const text = bothOf({ ...failed, steps });
    expect(text).toMatch(/\nThis plan cannot go on: make another one\.\nFailed: /);
    expect(text).not.toContain("dbops apply");
  });

  it("is to be applied again where that is of use for something that failed", () => {
    const stale = problem("PLAN_STALE", "it changed");
    const steps = [
      { ...ended(copyStep(), "failed"), problems: [FULL] },
      { ...ended(pruneStep(), "failed"), problems: [stale] },
    ];
    expect(bothOf({ ...failed, steps })).toContain("To go on from here:\n  dbops apply");
    const passing = problem("TARGET_CHANGED", "another run did it just now", { final: false });
    const once = [{ ...ended(copyStep(), "failed"), problems: [passing] }];
    expect(bothOf({ ...failed, steps: once })).toContain("To go on from here:\n  dbops apply");
  });

  it("names the plan that goes on without what failed, where there is one", () => {
    const followUp = { file: "my plans/r-2.yaml", plan: "a".repeat(64) };
    expect(bothOf({ ...failed, followUp })).toMatch(
      /\n {2}dbops show 'my plans\/r-2\.yaml'\n {2}dbops apply 'my plans\/r-2\.yaml'\n.*from the beginning.*\n {2}dbops apply (3f2a){16}\nFailed: /,
    );
  });

  it("tells the problem of a pipeline once, not for each of its steps", () => {
    const steps = backupSteps().map((step) => ({ ...ended(step, "failed"), problems: [FULL] }));
    const text = bothOf({ plan: aPlan(backupSteps()), outcome: "failed", steps });
    expect(text.split("no space left on device")).toHaveLength(2);
  });

  it("does not call an interrupted run failed", () => {
    const text = bothOf({ outcome: "interrupted", steps: [ended(pruneStep(), "done")] });
    expect(text).toMatch(
      /To go on from here:\n {2}dbops apply \S+\nInterrupted: 1 done, 0 failed, 0 not begun/,
    );
  });
});

it("shows what was left for a person, and how to do it", () => {
  const text = bothOf({ outcome: "nothing to do", plan: aPlan([]), steps: [], left: [pruneStep()] });
  expect(text).toContain(`Left for a person, because it is not automatic here (1 item):
-  delete ${OLD} from primary
To plan and apply it:
  dbops plan production --out plan.yaml
  dbops apply plan.yaml
`);
});

it("says that there was nothing to do", () => {
  expect(bothOf({ outcome: "nothing to do", plan: aPlan([]), steps: [] })).toBe(
    "Nothing to do in production.\n",
  );
});

it("shows where each step of a dry run stands, and that nothing was written", () => {
  const captured = captureView();
  const [dump] = backupSteps();
  if (dump === undefined) throw new Error("no dump");
  captured.view.report({
    kind: "rehearsed",
    plan: aPlan(STEPS),
    steps: [
      { step: dump, standing: "ready", detail: null, problem: null },
      { step: copyStep(), standing: "waiting", detail: "trading_signals.upload", problem: null },
      {
        step: pruneStep(),
        standing: "blocked",
        detail: null,
        problem: problem("PRUNE_REFUSED", "it is held"),
      },
    ],
  });
  expect(captured.both()).toContain(`
   ready    dump trading_signals, zstd 1
+  waiting  copy the new backup of trading_signals from primary to dr: for trading_signals.upload
-  blocked  delete ${OLD} from primary: a deletion is not safe

error: a deletion is not safe
  it is held

3 steps rehearsed, 1 blocked. Nothing was written.
`);
});

function backupDone(): readonly AppliedStep[] {
  return backupSteps().map((step) => ended(step, "done", step.kind === "upload" ? MADE : null));
}

function ended(step: Step, outcome: AppliedStep["outcome"], facts: AppliedStep["facts"] = null): AppliedStep {
  return { step, outcome, facts, problems: [] };
}

function applied(more: Partial<Applied>): Report {
  return {
    kind: "applied",
    applied: {
      plan: aPlan(STEPS),
      outcome: "applied",
      resumed: false,
      steps: [],
      left: [],
      unseen: 0,
      elapsedMs: 65_000,
      ...more,
    },
  };
}

function bothOf(more: Partial<Applied>): string {
  const captured = captureView();
  captured.view.report(applied(more));
  return captured.both();
}
