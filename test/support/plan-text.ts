import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "../../src/model/plan.ts";
import { parsePlan, renderPlan } from "../../src/plan/plan-file.ts";
import { planDigest } from "../../src/plan/seal-plan.ts";
import type { Workplace } from "./workplace.ts";

/** The plan in a file of a workplace. */
export async function readPlan(workplace: Workplace, file: string): Promise<Plan> {
  return parsePlan(await readFile(join(workplace.folder, file), "utf8"), file);
}

/** Writes a changed plan over its file, with a digest that fits: what a person with ill will, or an old clock, would leave. */
export async function forgePlan(
  workplace: Workplace,
  file: string,
  change: (plan: Plan) => Plan,
): Promise<void> {
  const changed = change(await readPlan(workplace, file));
  await writeFile(join(workplace.folder, file), renderPlan({ ...changed, plan: planDigest(changed) }));
}

/** Edits a text file of a workplace. */
export async function edit(
  workplace: Workplace,
  file: string,
  change: (text: string) => string,
): Promise<void> {
  const path = join(workplace.folder, file);
  const text = await readFile(path, "utf8");
  const changed = change(text);
  if (changed === text) throw new Error(`nothing was edited in ${file}`);
  await writeFile(path, changed);
}

export const ENVIRONMENT_FILE = join("environments", "production.yaml");
