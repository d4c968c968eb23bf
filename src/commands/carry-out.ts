import { runPlan } from "../apply/run-plan.ts";
import type { Records } from "../apply/sessions.ts";
import { testConditions } from "../apply/store-conditions.ts";
import { storePlan } from "../apply/stored-plan.ts";
import { unitsOf } from "../apply/units.ts";
import { LOCKS_PREFIX } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import type { Applied, FollowUp } from "../model/report.ts";
import type { Step } from "../model/step.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "../problems/exit-code.ts";
import { handlers } from "../steps/handlers.ts";
import type { Connection, Context } from "./context.ts";
import { markedRecords } from "./marked-records.ts";

export interface CarryOutOptions {
  readonly connection: Connection;
  /** Steps that were taken out of the plan because they need a person. */
  readonly left: readonly Step[];
  /** Errors that planning found beside the plan. */
  readonly unseen: number;
  readonly parallelism: number;
  /** `refuse`: nothing is begun while another run holds one of the scopes; `skip`: the other scopes go on. */
  readonly whenLocked: "refuse" | "skip";
  /** Writes a plan that goes on where this one cannot; null: there is none. */
  followUp?(steps: Applied["steps"]): Promise<FollowUp | null>;
}

/** Keeps the plan, runs it with progress, and reports how it ended. */
export async function carryOut(context: Context, plan: Plan, options: CarryOutOptions): Promise<Applied> {
  const { connection, left, unseen, parallelism, whenLocked } = options;
  const began = performance.now();
  if (plan.steps.length === 0) return nothingToDo(context, plan, { left, unseen });
  const records = await markedRecords(connection, connection.ports.environment, context.signal);
  await assertConditions(context, records);
  await storePlan(records, plan, unitsOf(plan, handlers));
  const progress = context.view.progress(plan);
  try {
    const ran = await runPlan(plan, {
      ports: connection.ports,
      records,
      handlers,
      parallelism,
      whenLocked,
      signal: context.signal,
      onEvent: (event) => progress.event(event),
    });
    await progress.close();
    const elapsedMs = Math.round(performance.now() - began);
    const followUp = (await options.followUp?.(ran.steps)) ?? null;
    const applied = { ...ran, left, unseen, elapsedMs, ...(followUp === null ? {} : { followUp }) };
    context.view.report({ kind: "applied", applied });
    return applied;
  } finally {
    await progress.close();
  }
}

/** The exit code of a run: an interrupt, or a step that did not end well, is never 0, whatever its problems say. */
export function exitCodeOfRun(applied: Pick<Applied, "outcome" | "steps">): number {
  const code = exitCodeOf(applied.steps.flatMap((step) => step.problems));
  if (code === EXIT.bug) return code;
  if (applied.outcome === "interrupted") return EXIT.interrupted;
  return applied.outcome === "failed" && code === EXIT.done ? EXIT.failed : code;
}

/** An empty plan leaves no trace in the records. */
function nothingToDo(context: Context, plan: Plan, more: Pick<Applied, "left" | "unseen">): Applied {
  const outcome = "nothing to do" as const;
  const applied: Applied = { plan, outcome, resumed: false, steps: [], ...more, elapsedMs: 0 };
  context.view.report({ kind: "applied", applied });
  return applied;
}

/** A lock is worth what the store's conditions are worth: they are raced before the first lock of a store. */
async function assertConditions(context: Context, records: Records): Promise<void> {
  if (records.locks === "none") return;
  for await (const _ of records.store.list(LOCKS_PREFIX, {}, context.signal)) return;
  const found = await testConditions(records.store, context.signal);
  if (found !== null) throw new DbopsError([found]);
}
