import { readFile } from "node:fs/promises";
import { loadEnvironment } from "../config/load-environments.ts";
import type { Environment } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { Observation } from "../model/observation.ts";
import type { Request } from "../model/plan.ts";
import { parseObservation } from "../observe/observation-file.ts";
import { observe } from "../observe/observe.ts";
import { type PlanOptions, plan } from "../plan/plan.ts";
import { renderPlan } from "../plan/plan-file.ts";
import { fail } from "../problems/dbops-error.ts";
import { EXIT, exitCodeOf } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";
import { defaultPlanFile, writeNewFile, writeOutput } from "./output-file.ts";

export interface PlanArguments {
  readonly environment: string;
  readonly request: Request;
  /** Plan from this file instead of looking. */
  readonly observed: string | null;
  readonly out: string | null;
  readonly detailedExitcode: boolean;
  readonly target: readonly string[];
  readonly except: readonly string[];
  readonly expiresMs: number | null;
  readonly allowLargePrune: boolean;
  readonly discard: boolean;
  readonly deep: boolean;
}

/** `dbops plan`: looks, decides, shows; writes nothing but the plan file. */
export async function planCommand(context: Context, args: PlanArguments): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const observation = await observationFor(context, environment, args);
  const now = args.observed === null ? context.clock.now() : observation.observedAt;
  const planned = plan(environment, args.request, { observation, options: optionsOf(args, now) });
  const file = await writePlan(context, args, {
    text: renderPlan(planned.plan),
    steps: planned.plan.steps.length,
    now,
  });
  context.view.report({ kind: "planned", planned, file, environmentFile: environment.file });
  const failed = exitCodeOf(planned.problems);
  if (failed !== EXIT.done) return failed;
  return args.detailedExitcode && planned.plan.steps.length > 0 ? EXIT.changes : EXIT.done;
}

function optionsOf(args: PlanArguments, now: Instant): PlanOptions {
  const { expiresMs, allowLargePrune, discard, target, except, deep } = args;
  return {
    now,
    allowLargePrune,
    discard,
    target,
    except,
    deep,
    ...(expiresMs === null ? {} : { expiresMs }),
  };
}

async function observationFor(
  context: Context,
  environment: Environment,
  args: PlanArguments,
): Promise<Observation> {
  if (args.observed !== null) return readObservation(args.observed, environment);
  const databases = databasesFor(args.request);
  const { ports } = context.connect(environment, "read-only");
  const orphan = args.request.operation === "prune" ? args.request.orphan : null;
  return observe(environment, { databases, orphan }, ports, context.signal);
}

/** A plan that only reads stores, deletes or releases needs no database to be up. */
function databasesFor(request: Request): "all" | "none" | readonly string[] {
  switch (request.operation) {
    case "converge":
      return "all";
    case "backup":
      return request.database === null ? "all" : [request.database];
    case "prune":
    case "verify":
    case "release":
      return "none";
  }
}

async function readObservation(file: string, environment: Environment): Promise<Observation> {
  const text = await readFile(file, "utf8").catch((error: Error) =>
    fail("USAGE", `--observed ${file}: ${error.message}`, {
      fix: `dbops observe ${environment.name} --out ${file}`,
    }),
  );
  const observation = parseObservation(text, file);
  if (observation.environment !== environment.name)
    return fail("USAGE", `${file} was observed in ${observation.environment}, not in ${environment.name}`);
  return observation;
}

async function writePlan(
  context: Context,
  args: PlanArguments,
  made: { text: string; steps: number; now: Instant },
): Promise<string | null> {
  if (args.out !== null) return writeOutput(context, args.out, made.text);
  if (args.request.operation === "converge" || made.steps === 0) return null;
  return writeNewFile(
    context,
    (number) => defaultPlanFile(args.request.operation, made.now, number),
    made.text,
  );
}
