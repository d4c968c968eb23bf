import { planAgain } from "../../model/plan-again.ts";
import type { SwapDatabaseStep } from "../../model/restore-steps.ts";
import type { TargetFacts } from "../../model/restore-target.ts";
import type { NamedDatabase } from "../../ports/restore-target.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun } from "../handler.ts";

/** What has the two names of a swap now. */
export interface Places {
  readonly live: NamedDatabase | null;
  readonly old: NamedDatabase | null;
}

/** Why a swap would not do what was planned any more; null: it would. Asked before the load as well, which takes hours. */
export function swapRefusal(
  step: SwapDatabaseStep,
  { server, places: { live, old } }: { readonly server: TargetFacts; readonly places: Places },
  run: ProbeRun,
): Problem | null {
  const fix = planAgain(run.plan, run.ports.environment);
  if ((live?.oid ?? null) !== step.expect.liveOid) {
    const detail = `${step.live} is ${oidText(live)}; the plan was made for ${oidText(expected(step))}`;
    return problem("TARGET_CHANGED", detail, { fix });
  }
  if (old !== null)
    return problem("DATABASE_EXISTS", `there is a database ${step.old} (oid ${old.oid}) already`, {
      fix,
      final: true,
    });
  const lost = (server.live?.slots ?? [])
    .filter((one) => one.type === "logical" && !step.lostSlots.includes(one.name))
    .map((one) => one.name);
  if (lost.length === 0) return null;
  const detail = `${step.live} has the replication slots ${lost.join(", ")} by now, which would be lost with it`;
  return problem("RESTORE_BLOCKED", detail, {
    fix: planAgain(run.plan, run.ports.environment, { acceptSlotLoss: true }),
  });
}

/** The swap of a plan that the side database is loaded for; null: the plan is about the side database alone. */
export function swapFor(side: string, { plan }: ProbeRun): SwapDatabaseStep | null {
  const swaps = plan.steps.filter((one) => one.kind === "swap" && one.type === "database");
  return swaps.find((one) => one.side === side) ?? null;
}

/** Nothing is made or loaded, for hours, for a swap that would be refused. null: it would not be, as far as can be seen now. */
export async function refusalBeforeLoad(
  swap: SwapDatabaseStep | null,
  server: TargetFacts,
  run: ProbeRun,
): Promise<Problem | null> {
  if (swap === null) return null;
  const old = await run.ports.restoreTarget(swap.database).find(swap.old, run.signal);
  return swapRefusal(swap, { server, places: { live: server.live, old } }, run);
}

function expected({ live, expect: { liveOid } }: SwapDatabaseStep): NamedDatabase | null {
  return liveOid === null ? null : { name: live, oid: liveOid };
}

function oidText(database: NamedDatabase | null): string {
  return database === null ? "no database" : `the database with oid ${database.oid}`;
}
