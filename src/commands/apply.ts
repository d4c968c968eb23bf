import { acceptPlan } from "../apply/accept-plan.ts";
import { rehearsePlan } from "../apply/rehearse.ts";
import { isApplied, recallPlan } from "../apply/stored-plan.ts";
import { unitsOf } from "../apply/units.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { Plan } from "../model/plan.ts";
import { fail } from "../problems/dbops-error.ts";
import { EXIT } from "../problems/exit-code.ts";
import { handlers } from "../steps/handlers.ts";
import { carryOut, exitCodeOfRun } from "./carry-out.ts";
import { confirm } from "./confirm.ts";
import type { Connection, Context } from "./context.ts";
import { findPlan } from "./find-plan.ts";
import { writeFollowUp } from "./follow-up.ts";

export interface ApplyArguments {
  readonly plan: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** The environment's name, typed. */
  readonly confirm: string | null;
  readonly parallelism: number;
}

/** `dbops apply`: carries out exactly the plan; one that was begun is resumed. */
export async function applyCommand(context: Context, args: ApplyArguments): Promise<number> {
  const plan = await findPlan(context, args.plan);
  const environment = await loadEnvironment(plan.environment, context.configFolder);
  const access = args.dryRun ? "read-only" : "read-write";
  const connection = context.connect(environment, access);
  const units = unitsOf(plan, handlers);
  const history = await recallPlan(connection.records, plan, units, context.signal);
  if (isApplied(history, units))
    fail("PLAN_APPLIED", `plan ${plan.plan.slice(0, 12)} was carried out`, {
      fix: `dbops plan ${plan.environment}`,
    });
  const begun = history.hasBegun;
  const store = (name: string) => connection.ports.store(name);
  const elsewhere = async (name: string) => (await connection.ports.elsewhere(name)).environment;
  const accept = () =>
    acceptPlan(plan, { environment, now: context.clock.now(), begun, store, elsewhere }, context.signal);
  await accept();
  if (args.dryRun) return rehearse(context, plan, { connection, history });
  // A person may take an hour to answer: what was true before the question is asked again behind it.
  if (await confirm(context, { ...args, plan, environment })) await accept();
  const applied = await carryOut(context, plan, {
    connection,
    left: [],
    unseen: 0,
    parallelism: args.parallelism,
    whenLocked: "refuse",
    followUp: (steps) => writeFollowUp(context, plan, { connection, reference: args.plan, steps }),
  });
  return exitCodeOfRun(applied);
}

async function rehearse(
  context: Context,
  plan: Plan,
  { connection, history }: { connection: Connection; history: Awaited<ReturnType<typeof recallPlan>> },
): Promise<number> {
  const steps = await rehearsePlan(plan, {
    ports: connection.ports,
    handlers,
    history,
    signal: context.signal,
  });
  context.view.report({ kind: "rehearsed", plan, steps });
  return steps.some((step) => step.standing === "blocked") ? EXIT.failed : EXIT.done;
}
