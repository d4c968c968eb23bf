import { loadEnvironments } from "../config/load-environments.ts";
import { exitCodeOf } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";

/** `dbops validate`: every problem of all named files at once; all files of the folder when none is named. */
export async function validateCommand(
  context: Context,
  args: { readonly environments: readonly string[] },
): Promise<number> {
  const names = args.environments.length === 0 ? ("all" as const) : args.environments;
  const loaded = await loadEnvironments(names, context.configFolder);
  const problems = [...loaded.problems, ...loaded.missingFiles];
  context.view.problems(problems);
  const faulty = new Set(problems.map((one) => one.where?.file));
  const files = loaded.environments.map((one) => one.file).filter((file) => !faulty.has(file));
  if (files.length > 0 || problems.length === 0) context.view.report({ kind: "validated", files });
  return exitCodeOf(problems);
}
