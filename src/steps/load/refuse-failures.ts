import { isDataEntry } from "../../model/data-entry.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import type { LoadFailure } from "../../ports/restore-target.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { problem } from "../../problems/problem.ts";
import type { StepRun } from "../handler.ts";
import { type EndedLoad, keepPartial } from "./keep-partial.ts";

const MOST_NAMED = 20;

/** Throws LOAD_FAILED with every failure that the plan does not tolerate; the side database stays, and says what it is. */
export async function refuseFailures(step: LoadStep, load: EndedLoad, run: StepRun): Promise<void> {
  const { report } = load;
  const failures = report.failures.filter(({ entry }) => entry === null || !step.tolerate.includes(entry));
  if (failures.length === 0) return;
  const named = failures.slice(0, MOST_NAMED);
  const more = failures.length - named.length;
  const lines = [...named.map(describe), ...(more > 0 ? [`and ${more} more, which the journal has`] : [])];
  const detail = `${step.into} is not whole${step.marker === undefined ? ", and stays to be looked at" : ""}; ${lines.join("; ")}`;
  const refusal = problem("LOAD_FAILED", detail, { fix: fixFor(failures, run) });
  if (step.marker !== undefined) throw new DbopsError([refusal]); // the next step gives it up
  throw new DbopsError([refusal, ...(await keepPartial(step, { ...load, failures }, run))]);
}

function describe({ entry, message, sqlstate }: LoadFailure): string {
  const state = sqlstate === null ? "" : ` (SQLSTATE ${sqlstate})`;
  return `${entry ?? "pg_restore"}: ${message}${state}`;
}

function fixFor(failures: readonly LoadFailure[], run: StepRun): string {
  const entries = failures.flatMap(({ entry }) => entry ?? []);
  if (entries.length === 0) return `look into the log of the server, then:\ndbops apply ${run.plan.plan}`;
  const { environment } = run.ports;
  const others = failures.flatMap(({ entry, message }) => (isOfTablespace(message) ? [] : (entry ?? [])));
  if (others.length < entries.length) {
    const more = others.length === 0 ? "" : ", without the others";
    const why = `create the tablespace and apply again, go on with the follow-up plan where one was written, or load everything into the database's own tablespace${more}:`;
    return `${why}\n${planAgain(run.plan, environment, { noTablespaces: true, tolerate: others })}`;
  }
  const data = entries.some(isDataEntry);
  const why = data
    ? "remove what is in their way; data is given up only by name, so to go on without it:"
    : "remove what is in their way, go on with the follow-up plan where one was written, or load without them:";
  return `${why}\n${planAgain(run.plan, environment, { tolerate: entries })}`;
}

/** An archive sets `default_tablespace` before a table or index of another one; no list of its entries names it. */
function isOfTablespace(message: string): boolean {
  return /tablespace/i.test(message);
}
