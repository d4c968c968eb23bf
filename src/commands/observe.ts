import { loadEnvironment } from "../config/load-environments.ts";
import type { Observation } from "../model/observation.ts";
import { renderObservation } from "../observe/observation-file.ts";
import { observe } from "../observe/observe.ts";
import { exitCodeOf } from "../problems/exit-code.ts";
import type { Problem } from "../problems/problem.ts";
import type { Context } from "./context.ts";
import { writeOutput } from "./output-file.ts";

/** `dbops observe`: writes what the world looks like; exit 1 when part of it could not be looked at. */
export async function observeCommand(
  context: Context,
  args: { readonly environment: string; readonly out: string },
): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const { ports } = context.connect(environment, "read-only");
  const observation = await observe(environment, { databases: "all" }, ports, context.signal);
  const file = await writeOutput(context, args.out, renderObservation(observation));
  context.view.report({ kind: "observed", environment: environment.name, file });
  const problems = unreadable(observation);
  context.view.problems(problems);
  return exitCodeOf(problems);
}

/** Everything in an observation that could not be looked at. */
export function unreadable(observation: Observation): readonly Problem[] {
  const stores = Object.values(observation.stores).flatMap((store) =>
    store.state === "unreadable" ? [store.problem] : Object.values(store.listings).flatMap(listingProblem),
  );
  const databases = Object.values(observation.databases).flatMap((one) =>
    one.state === "unreadable" ? [one.problem] : [],
  );
  return [...stores, ...databases];
}

function listingProblem(listing: { readonly state: string; readonly problem?: Problem }): readonly Problem[] {
  return listing.problem === undefined ? [] : [listing.problem];
}
