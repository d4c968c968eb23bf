import { isMadeSchema } from "../../model/aside-schema.ts";
import type { LoadStep, SwapDatabaseStep } from "../../model/restore-steps.ts";
import type { Step } from "../../model/step.ts";
import type { StepRun } from "../handler.ts";
import { tableName } from "../restore/compare-tables.ts";
import { lackOfLive } from "../restore/count-tables.ts";

/** What tells that a loaded plain dump is not of the database that it would replace; null: nothing, or it replaces none. */
export async function otherThanLive(
  step: LoadStep,
  there: readonly { readonly schema: string; readonly name: string }[],
  run: StepRun,
): Promise<string | null> {
  const swap = run.plan.steps.find((one) => isSwapOf(one, step));
  if (swap === undefined || swap.expect.liveOid === null) return null;
  const target = run.ports.restoreTarget(step.database);
  const found = await target.find(swap.live, run.signal);
  if (found?.oid !== swap.expect.liveOid) return null; // the swap refuses it
  const replaced = (await target.tables(swap.live, run.signal)).filter(({ schema }) => !isMadeSchema(schema));
  return lackOfLive(there.map(tableName), { name: swap.live, tables: replaced.map(tableName) });
}

function isSwapOf(step: Step, { into }: LoadStep): step is SwapDatabaseStep {
  return step.kind === "swap" && step.type === "database" && step.side === into;
}
