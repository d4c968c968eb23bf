import { loadEnvironments } from "../config/load-environments.ts";
import type { Environment } from "../model/environment.ts";
import type { Observation } from "../model/observation.ts";
import type { Planned } from "../model/planned.ts";
import { observe } from "../observe/observe.ts";
import { plan } from "../plan/plan.ts";
import { reportOrphans } from "../plan/prune.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import type { Context } from "./context.ts";

/** What the stores alone say about one environment: no database is asked. */
export interface Survey {
  readonly environment: Environment;
  readonly observation: Observation;
  /** The planner's verdicts on every backup. */
  readonly planned: Planned;
}

/** Surveys the named environment, or all of the folder. Throws when a file is wrong. */
export async function survey(context: Context, name: string | null): Promise<readonly Survey[]> {
  const { environments, problems } = await loadEnvironments(
    name === null ? "all" : [name],
    context.configFolder,
  );
  if (problems.length > 0) throw new DbopsError(problems);
  const surveys: Survey[] = [];
  for (const environment of environments) surveys.push(await surveyOne(context, environment));
  return surveys;
}

async function surveyOne(context: Context, environment: Environment): Promise<Survey> {
  const { ports } = context.connect(environment, "read-only");
  const observation = await observe(environment, { databases: "none" }, ports, context.signal);
  const request = { operation: "prune", database: null, orphan: null } as const;
  const options = { now: context.clock.now(), allowLargePrune: true };
  const planned = plan(environment, request, { observation, options });
  const orphans = reportOrphans(environment, observation); // a plan that prunes leaves them out, a look does not
  return {
    environment,
    observation,
    planned: {
      ...planned,
      notices: [...planned.notices, ...orphans.notices],
      decisions: [...planned.decisions, ...orphans.decisions],
    },
  };
}
