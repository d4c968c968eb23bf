import { planAgain } from "../../model/plan-again.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";

/** Throws TARGET_CHANGED where the swap behind the load would be refused: another plan has swapped already, and hours of loading would be lost. */
export async function refuseReplaced(step: LoadStep, run: StepRun): Promise<void> {
  const swap = run.plan.steps.find((one) => one.kind === "swap" && one.side === step.into);
  if (swap?.kind !== "swap") return;
  const live = await run.ports.restoreTarget(step.database).find(swap.live, run.signal);
  if ((live?.oid ?? null) === swap.expect.liveOid) return;
  const text = (oid: number | null) => (oid === null ? "no database" : `the database with oid ${oid}`);
  const detail = `${swap.live} is ${text(live?.oid ?? null)}; the plan was made for ${text(swap.expect.liveOid)}`;
  fail("TARGET_CHANGED", `${detail}; nothing is loaded`, {
    fix: planAgain(run.plan, run.ports.environment),
  });
}
