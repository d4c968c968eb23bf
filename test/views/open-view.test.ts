import { describe, expect, it } from "vitest";
import type { Report } from "../../src/model/report.ts";
import { problem } from "../../src/problems/problem.ts";
import { aPlan, aPlanned, pruneStep } from "./build.ts";
import { captureView } from "./capture.ts";

const UNREADABLE = problem("STORE_UNREADABLE", "dr: refused");
const PLANNED: Report = {
  kind: "planned",
  planned: aPlanned([pruneStep()], { problems: [UNREADABLE] }),
  file: "plans/a.yaml",
  environmentFile: "environments/production.yaml",
};

it("tells a problem once, whether it comes in a report or alone", () => {
  const captured = captureView();
  captured.view.report(PLANNED);
  captured.view.problems([UNREADABLE]);
  expect(captured.both().split("dr: refused")).toHaveLength(2);
});

describe("with --quiet", () => {
  it("prints only the problems of what was done", () => {
    const captured = captureView({ quiet: true });
    captured.view.report(PLANNED);
    expect(captured.stdout()).toBe("");
    expect(captured.stderr()).toBe("error: a store cannot be read\n  dr: refused\n");
  });

  it("still answers what was asked for", () => {
    const captured = captureView({ quiet: true });
    captured.view.report({ kind: "shown", plan: aPlan([pruneStep()]) });
    expect(captured.stdout()).toContain("Plan: 0 to add, 0 to change, 1 to destroy.\n");
  });
});

describe("with --json", () => {
  it("prints a report as one document on stdout, its problems in it and nowhere else", () => {
    const captured = captureView({ json: true, quiet: true });
    captured.view.report(PLANNED);
    captured.view.problems([UNREADABLE]);
    const document: unknown = JSON.parse(captured.stdout());
    expect(document).toEqual({ formatVersion: 1, ...PLANNED });
    expect(Object.keys(document as object).slice(0, 2)).toEqual(["formatVersion", "kind"]);
    expect(captured.stderr()).toBe("");
  });

  it("prints a problem without a report as one line on stderr", () => {
    const captured = captureView({ json: true });
    captured.view.problems([UNREADABLE, problem("LOCKED", "a\nb")]);
    expect(captured.stdout()).toBe("");
    expect(
      captured
        .stderr()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { formatVersion: 1, problem: UNREADABLE },
      { formatVersion: 1, problem: problem("LOCKED", "a\nb") },
    ]);
  });

  it("wins over --markdown", () => {
    const captured = captureView({ json: true });
    captured.view.report({ kind: "shown", plan: aPlan([]) });
    expect(JSON.parse(captured.stdout())).toMatchObject({ kind: "shown" });
  });
});

it("prints a plan as Markdown, and other reports as ever", () => {
  const captured = captureView({ markdown: true });
  captured.view.report({ kind: "shown", plan: aPlan([pruneStep()]) });
  expect(captured.stdout()).toMatch(/^## dbops: production, converge\n/);
  captured.view.report({ kind: "validated", files: [] });
  expect(captured.stdout()).toContain("0 files valid.\n");
});

it("asks nobody where nobody can answer", async () => {
  const captured = captureView({ interactive: false });
  expect(await captured.view.ask("sure?", new AbortController().signal)).toBeNull();
  expect(captured.both()).toBe("");
});
