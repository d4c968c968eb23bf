import type { Environment } from "../model/environment.ts";
import type { Plan } from "../model/plan.ts";
import type { Step } from "../model/step.ts";
import { describeStep } from "../plan/describe.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Context } from "./context.ts";

const SHOWN_LINES = 20;

export interface Confirmation {
  readonly plan: Plan;
  readonly environment: Environment;
  readonly yes: boolean;
  readonly confirm: string | null;
}

/**
 * Additive plans never ask; destructive ones, and those with a point of no return, need a yes, and in a protected
 * environment its typed name. True when a person was asked. Throws CONFIRMATION_NEEDED.
 */
export async function confirm(context: Context, asked: Confirmation): Promise<boolean> {
  const { plan, environment } = asked;
  if (asked.confirm !== null && asked.confirm !== environment.name)
    fail("CONFIRMATION_NEEDED", `--confirm ${asked.confirm} is not the name of the environment`, {
      fix: `dbops apply … --confirm ${environment.name}`,
    });
  if (!plan.steps.some(isWeighty) || asked.confirm !== null || (asked.yes && !environment.protected))
    return false;
  await (environment.protected ? askForName(context, asked) : askForYes(context, asked));
  return true;
}

async function askForName(context: Context, { plan, environment }: Confirmation): Promise<void> {
  const { name } = environment;
  const question = `${weightOf(plan)}\n${countOf(plan)} in the protected environment ${name}. Type its name to go on: `;
  const answer = await context.view.ask(question, context.signal);
  if (answer?.trim() === name) return;
  const detail =
    answer === null
      ? `${countOf(plan)}, ${name} is protected and nobody can be asked`
      : `that is not ${name}`;
  fail("CONFIRMATION_NEEDED", detail, { fix: `dbops apply … --confirm ${name}` });
}

async function askForYes(context: Context, { plan }: Confirmation): Promise<void> {
  const answer = await context.view.ask(
    `${weightOf(plan)}\n${countOf(plan)}. Type yes to go on: `,
    context.signal,
  );
  if (answer?.trim() === "yes") return;
  const detail = answer === null ? `${countOf(plan)} and nobody can be asked` : "the answer was not yes";
  fail("CONFIRMATION_NEEDED", detail, { fix: "dbops apply … --yes" });
}

function isWeighty(step: Step): boolean {
  return step.effect === "destroy" || step.pointOfNoReturn === true;
}

function countOf(plan: Plan): string {
  const { destroy } = plan.summary;
  if (destroy === 0) return "the plan has a point of no return";
  return destroy === 1 ? "the plan destroys 1 thing" : `the plan destroys ${destroy} things`;
}

/** The lines of what will be gone or cannot be taken back; a long list is cut, the plan itself has it whole. */
function weightOf(plan: Plan): string {
  const lines = plan.steps.filter(isWeighty).map(describeStep);
  const more = lines.length - SHOWN_LINES;
  return [...lines.slice(0, SHOWN_LINES), ...(more > 0 ? [`and ${more} more: dbops show`] : [])].join("\n");
}
