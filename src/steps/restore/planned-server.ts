import { planAgain } from "../../model/plan-again.ts";
import type { TargetFacts } from "../../model/restore-target.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { ProbeRun } from "../handler.ts";

/**
 * What the server of a database looks like now, `live` being the name that the plan is about. Throws TARGET_CHANGED when it is not
 * the server that the plan was made for, and what keeps it from being reached.
 */
export async function plannedServer(
  { database, live }: { readonly database: string; readonly live: string },
  run: ProbeRun,
): Promise<TargetFacts> {
  const planned = run.plan.targets.databases[database];
  if (planned === undefined) return fail("PLAN_INVALID", `the plan has no target for database ${database}`);
  const found = await run.ports.restoreTarget(database).inspect(live, run.signal);
  if (found.state === "unreadable")
    return fail(found.problem.code, found.problem.detail, { fix: found.problem.fix });
  // A role that may not ask for the identifier is told none.
  const isSystem = planned.systemIdentifier === null || planned.systemIdentifier === found.systemIdentifier;
  if (planned.endpoint === found.endpoint && isSystem) return found;
  const name = (one: Pick<TargetFacts, "endpoint" | "systemIdentifier">) =>
    `${one.endpoint}, system ${one.systemIdentifier ?? "unknown"}`;
  return fail("TARGET_CHANGED", `${database} was planned at ${name(planned)} and is at ${name(found)}`, {
    fix: planAgain(run.plan, run.ports.environment),
  });
}
