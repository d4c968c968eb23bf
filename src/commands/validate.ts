import { loadEnvironments } from "../config/load-environments.ts";
import { exitCodeOf } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";

/** `dbops validate`: every problem of all named files at once; all files of the folder when none is named. */
export async function validateCommand(
  context: Context,
  args: { readonly environments: readonly string[] },
): Promise<number> {
  const names = args.environments.length === 0 ? ("all" as const) : args.environments;
  const { environments, problems } = await loadEnvironments(names, context.configFolder);
  context.view.problems(problems);
  const files = environments.map((environment) => environment.file);
  if (files.length > 0 || problems.length === 0) context.view.report({ kind: "validated", files });
  return exitCodeOf(problems);
}
