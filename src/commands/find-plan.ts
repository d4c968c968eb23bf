import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadEnvironments } from "../config/load-environments.ts";
import type { Environment } from "../model/environment.ts";
import { planKey } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import { parsePlan } from "../plan/plan-file.ts";
import { readText } from "../ports/read-object.ts";
import { DbopsError, fail, problemsOf } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";
import type { Context } from "./context.ts";
import { markedRecords } from "./marked-records.ts";

/** Twelve hex digits tell plans apart well enough for a person to type. */
const DIGEST = /^[0-9a-f]{12,64}$/;

/** Whether it names a plan that was begun, and no file. */
export function isDigest(reference: string): boolean {
  return DIGEST.test(reference);
}

/** The plan of a file, or of the digest of a plan that was begun. */
export async function findPlan(context: Context, reference: string): Promise<Plan> {
  if (!isDigest(reference)) return readPlanFile(context, reference);
  const found = await searchStores(context, reference);
  if (found !== null) return found;
  return fail("PLAN_NOT_FOUND", `no begun plan starts with ${reference}`, { fix: "dbops apply FILE" });
}

async function readPlanFile(context: Context, file: string): Promise<Plan> {
  const text = await readFile(resolve(context.workingFolder, file), "utf8").catch((error: Error) =>
    fail("PLAN_NOT_FOUND", `${file}: ${error.message}`, { fix: "dbops plan ENVIRONMENT --out FILE" }),
  );
  return parsePlan(text, file);
}

/** Looks in the records of every environment; a store that cannot be read matters only when no other has the plan. */
async function searchStores(context: Context, digest: string): Promise<Plan | null> {
  const { environments } = await loadEnvironments("all", context.configFolder);
  const problems: Problem[] = [];
  for (const environment of environments) {
    try {
      const text = await searchStore(context, environment, digest);
      if (text !== null) return storedPlan(text, digest, environment);
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  if (problems.length > 0) throw new DbopsError(problems);
  return null;
}

/** What lies under a digest has to be the plan of that digest: a whole other one, put there, was never reviewed. */
function storedPlan(text: string, digest: string, environment: Environment): Plan {
  const plan = parsePlan(text, `plan ${digest} of ${environment.name}`);
  if (plan.plan.startsWith(digest)) return plan;
  return fail(
    "PLAN_EDITED",
    `store ${environment.records} keeps plan ${plan.plan.slice(0, 12)} as ${digest}`,
    {
      fix: `dbops plan ${environment.name}`,
    },
  );
}

async function searchStore(
  context: Context,
  environment: Environment,
  digest: string,
): Promise<string | null> {
  const connection = context.connect(environment, "read-only");
  const records = await markedRecords(connection, environment, context.signal);
  const found: string[] = [];
  for await (const { key } of records.store.list(planKey(digest).replace(/\.yaml$/, ""), {}, context.signal))
    found.push(key);
  const [key, second] = found;
  if (key === undefined) return null;
  if (second !== undefined)
    fail("PLAN_NOT_FOUND", `several plans of ${environment.name} start with ${digest}`);
  return readText(records.store, key, context.signal);
}
