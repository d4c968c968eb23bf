import { EXIT } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";
import { findPlan } from "./find-plan.ts";

/** `dbops show`: a plan for people, programs or a pull request. */
export async function showCommand(context: Context, args: { readonly plan: string }): Promise<number> {
  context.view.report({ kind: "shown", plan: await findPlan(context, args.plan) });
  return EXIT.done;
}
