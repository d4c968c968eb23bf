import { leaseHolder } from "../apply/lease-holder.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { AutomaticKind, Environment } from "../model/environment.ts";
import type { Plan } from "../model/plan.ts";
import type { Step } from "../model/step.ts";
import { observe } from "../observe/observe.ts";
import { keptPrefix } from "../plan/new-backup.ts";
import { plan } from "../plan/plan.ts";
import { exitCodeOf } from "../problems/exit-code.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { carryOut, exitCodeOfRun } from "./carry-out.ts";
import type { Connection, Context } from "./context.ts";

/** `dbops run`: for cron. Looks, plans and applies what `automatic` allows; says what it left for a person. */
export async function runCommand(
  context: Context,
  args: { readonly environment: string; readonly parallelism: number },
): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const connection = context.connect(environment, "read-write");
  return converge(context, environment, { connection, parallelism: args.parallelism });
}

async function converge(
  context: Context,
  environment: Environment,
  { connection, parallelism }: { connection: Connection; parallelism: number },
): Promise<number> {
  const observation = await observe(environment, { databases: "all" }, connection.ports, context.signal);
  const options = { now: context.clock.now() };
  const whole = plan(environment, { operation: "converge" }, { observation, options });
  const left = notAutomatic(whole.plan, environment.automatic);
  const waiting = await duringRestore(whole.plan, connection, left);
  const except = [...left, ...waiting.steps].map((step) => step.id);
  const planned =
    except.length === 0
      ? whole
      : plan(environment, { operation: "converge" }, { observation, options: { ...options, except } });
  context.view.problems([...planned.problems, ...planned.notices, ...waiting.notices]);
  const failed = exitCodeOf(planned.problems);
  const applied = await carryOut(context, planned.plan, {
    connection,
    left,
    unseen: planned.problems.filter((one) => one.severity === "error").length,
    parallelism,
    whenLocked: "skip",
  });
  return exitCodeOfRun(applied) || failed;
}

/** What a restore replaced or left stays while its database is being restored: a later run drops it. */
async function duringRestore(
  whole: Plan,
  { records }: Connection,
  left: readonly Step[],
): Promise<{ readonly steps: readonly Step[]; readonly notices: readonly Problem[] }> {
  const drops = whole.steps.filter((step) => step.kind === "drop" && !left.includes(step));
  const found = await Promise.all(
    drops.map(async (drop) => {
      const holder = await leaseHolder(records.store, drop.database, "restore");
      if (holder === null || drop.kind !== "drop") return { steps: [], notices: [] };
      const detail = `${drop.name} stays for now: ${drop.database} is being restored by ${holder}`;
      const prefix = `${keptPrefix(drop.database, drop.name)}.`;
      return {
        steps: whole.steps.filter((step) => step.id.startsWith(prefix)),
        notices: [problem("REPLACED_KEPT", detail, { severity: "warning" })],
      };
    }),
  );
  return {
    steps: found.flatMap((one) => one.steps),
    notices: found.flatMap((one) => one.notices),
  };
}

/** The steps that need a person: their kind is not allowed, or they need one that is not. */
function notAutomatic(whole: Plan, automatic: readonly AutomaticKind[]): readonly Step[] {
  const kinds = new Map(whole.steps.map((step) => [step.id, consentOf(step, whole)]));
  const refused = new Set(
    whole.steps.filter((step) => {
      const kind = kinds.get(step.id);
      return kind !== undefined && kind !== null && (kind === "person" || !automatic.includes(kind));
    }),
  );
  for (let before = -1; before !== refused.size; ) {
    before = refused.size;
    for (const step of whole.steps)
      if (needsOneOf(step, refused) || servesOnly(step, refused, whole)) refused.add(step);
  }
  return whole.steps.filter((step) => refused.has(step));
}

/** True for a look that only prepares what is left to a person: it would be made again by every run. */
function servesOnly(step: Step, refused: ReadonlySet<Step>, whole: Plan): boolean {
  const served = whole.steps.filter((one) => one.needs.includes(step.id));
  return (
    step.effect === "none" &&
    step.needs.length === 0 &&
    served.length > 0 &&
    served.every((one) => refused.has(one))
  );
}

function needsOneOf(step: Step, refused: ReadonlySet<Step>): boolean {
  return [...refused].some((one) => step.needs.includes(one.id));
}

/**
 * Which consent a step asks for; null: it changes nothing, so it goes with what it needs; `person`: no file gives it, a
 * restore is always asked for.
 */
function consentOf(step: Step, whole: Plan): AutomaticKind | "person" | null {
  switch (step.kind) {
    case "dump":
      return step.of === undefined ? "backup" : "drop";
    case "encrypt":
    case "upload":
      return "backup";
    case "copy":
    case "prune":
    case "drop":
      return step.kind;
    case "verify":
    case "hold":
      return step.effect === "none" || whole.operation !== "converge" ? null : "backup";
    case "download":
    case "decrypt":
    case "create":
    case "load":
    case "analyze":
    case "sanitize":
    case "swap":
      return "person";
  }
}
