import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { parseEnvironment } from "../../src/config/parse-environment.ts";
import type { RestoreObservation } from "../../src/model/archive-contents.ts";
import type { Environment } from "../../src/model/environment.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Request, RestoreRequest } from "../../src/model/plan.ts";
import type { Planned } from "../../src/model/planned.ts";
import { describeStep, verdictLine } from "../../src/plan/describe.ts";
import { type PlanOptions, plan } from "../../src/plan/plan.ts";
import { parsePlan, renderPlan } from "../../src/plan/plan-file.ts";
import { chooseBackup } from "../../src/plan/restore/choose-backup.ts";
import { planRestore } from "../../src/plan/restore/plan-restore.ts";
import type { Problem } from "../../src/problems/problem.ts";

/*
 * Each folder of test/scenarios is a situation: environment.yaml and observed.yaml, and where something else than
 * convergence is asked for, request.yaml. A restore has restore.yaml, which says what was found inside the backup and on the
 * server; the backup of another environment is chosen from source-environment.yaml and source-observed.yaml. plan.yaml is the plan file that must come out, report.yaml what is said
 * beside it. UPDATE_SCENARIOS=1 writes both anew, for a person to review.
 */
const FOLDER = join(import.meta.dirname, "../scenarios");
const SITUATIONS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

describe("the situations of test/scenarios", () => {
  it("are there", () => {
    expect(SITUATIONS.length).toBeGreaterThanOrEqual(15);
  });

  it.each(SITUATIONS)("give the reviewed plan: %s", (name) => {
    const planned = planOf(name);
    expectFile(join(FOLDER, name, "plan.yaml"), renderPlan(planned.plan));
    expectFile(join(FOLDER, name, "report.yaml"), renderReport(name, planned));
  });

  it.each(SITUATIONS)("give a plan file that reads back as the plan: %s", (name) => {
    const planned = planOf(name);
    expect(parsePlan(renderPlan(planned.plan), "plan.yaml")).toEqual(planned.plan);
  });
});

function planOf(name: string): Planned {
  if (existsSync(join(FOLDER, name, "restore.yaml"))) return restoreOf(name);
  const observation = readYaml(name, "observed.yaml") as Observation; // written by hand in the form of an Observation
  const asked = existsSync(join(FOLDER, name, "request.yaml"))
    ? (readYaml(name, "request.yaml") as Asked) // the same
    : { request: { operation: "converge" } as const };
  const options = { now: observation.observedAt, ...asked.options };
  return plan(environmentOf(name), asked.request, { observation, options });
}

interface Asked {
  readonly request: Request;
  readonly options?: Partial<PlanOptions>;
}

function restoreOf(name: string): Planned {
  const observation = readYaml(name, "observed.yaml") as Observation; // written by hand in these forms
  const { request } = readYaml(name, "request.yaml") as { readonly request: RestoreRequest };
  const restore = readYaml(name, "restore.yaml") as RestoreObservation;
  const now = observation.observedAt;
  const isOwn = !existsSync(join(FOLDER, name, "source-observed.yaml"));
  const source = isOwn ? observation : (readYaml(name, "source-observed.yaml") as Observation);
  const chosen = chooseBackup(environmentOf(name, isOwn ? "environment" : "source-environment"), request, {
    observation: source,
    now,
  });
  return planRestore(environmentOf(name), request, { observation, restore, chosen, now });
}

function environmentOf(name: string, file = "environment"): Environment {
  const text = readFileSync(join(FOLDER, name, `${file}.yaml`), "utf8");
  const own = /^environment: (\S+)$/m.exec(text)?.[1] ?? "";
  const parsed = parseEnvironment(text, { file: `environments/${own}.yaml`, baseFolder: "/srv/dbops" });
  expect(parsed.problems).toEqual([]);
  if (parsed.environment === null) throw new Error(`${name}: no environment`);
  return parsed.environment;
}

function readYaml(name: string, file: string): unknown {
  return parse(readFileSync(join(FOLDER, name, file), "utf8"));
}

function renderReport(name: string, planned: Planned): string {
  const { plan, problems, notices, decisions } = planned;
  return stringify(
    {
      steps: plan.steps.map(describeStep),
      verdict: verdictLine(plan, problems, { file: environmentOf(name).file, leftOut: planned.leftOut }),
      problems: problems.map(line),
      notices: notices.map(line),
      ...(plan.operation === "restore" ? { fixes: [...problems, ...notices].flatMap(fixOf) } : {}),
      decisions: decisions.map(
        (one) => `${one.verdict} ${one.name} in ${one.store}: ${one.reasons.join(", ")}`,
      ),
    },
    { lineWidth: 0 },
  );
}

function line(one: Problem): string {
  return `${one.severity} ${one.code} ${one.detail}`;
}

/** What a restore tells to type is half of what it says. */
function fixOf(one: Problem): readonly string[] {
  return one.fix === undefined ? [] : [one.fix];
}

function expectFile(path: string, content: string): void {
  if (process.env["UPDATE_SCENARIOS"] === "1") writeFileSync(path, content);
  expect(content).toBe(readFileSync(path, "utf8"));
}
