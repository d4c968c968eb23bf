import type { Command } from "commander";
import type { PlanArguments } from "../commands/plan.ts";
import type { PlanRestoreArguments } from "../commands/plan-restore.ts";
import { parseDuration } from "../config/duration.ts";
import type { Request } from "../model/plan.ts";
import { fail } from "../problems/dbops-error.ts";
import { command, optionsOf, type Run } from "./command-line.ts";
import { refuseForeignOptions } from "./own-options.ts";
import { addRestoreOptions, type RestoreOptions, restoreRequestOf } from "./restore-arguments.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/** `dbops plan E`, and `dbops plan E <operation> …`, whose own options come behind the operation. */
export function addPlan(program: Command, run: Run): void {
  const planning = command(
    program,
    "plan",
    "compare the file with the world, and write down the steps that would make it true",
  )
    .argument("<environment>")
    .argument(
      "[operation]",
      "backup [database] | restore | verify [backup] | prune [database] | release <backup>; none: all that is due",
    )
    .argument("[subject]", "what the operation is about");
  addPlanOptions(planning);
  planning.action((environment: string, operation?: string, subject?: string) =>
    run(optionsOf(planning), async (context) => {
      const options = planning.opts<Options>();
      refuseForeignOptions(operation ?? null, options);
      if (operation === "restore") {
        const args = restoreArgumentsOf(environment, subject ?? null, options);
        return (await import("../commands/plan-restore.ts")).planRestoreCommand(context, args);
      }
      const args = argumentsOf(environment, requestOf(operation ?? null, subject ?? null, options), options);
      return (await import("../commands/plan.ts")).planCommand(context, args);
    }),
  );
}

function addPlanOptions(planning: Command): void {
  planning
    .option("--out <file>", "write the plan there")
    .option("--observed <file>", "plan from an observation: no connection, no secret, no command")
    .option("--detailed-exitcode", "exit 2 when the plan has changes", false)
    .option("--target <step...>", "only these steps and what they need")
    .option("--except <step...>", "all but these steps and what needs them")
    .option("--expires <duration>", "how long it can be applied, up to 7d")
    .option(
      "--allow-large-prune",
      "let it delete more than half of the backups of a database in a store",
      false,
    )
    .option("--discard", "drop what restores replaced or left, without a backup of it", false)
    .option("--deep", "verifications also decrypt, and list the archive", false)
    .option("--label <text>", "backup: a word about why")
    .option("--hold", "backup: keep it until it is released", false)
    .option("--store <store>", "backup: write it to this store; restore: read it from this store")
    .option("--orphan <database>", "prune: the backups of a database that is in no file");
  addRestoreOptions(planning);
}

interface Options extends RestoreOptions {
  readonly out?: string;
  readonly observed?: string;
  readonly detailedExitcode: boolean;
  readonly target?: readonly string[];
  readonly except?: readonly string[];
  readonly expires?: string;
  readonly allowLargePrune: boolean;
  readonly discard: boolean;
  readonly deep: boolean;
  readonly label?: string;
  readonly hold: boolean;
  readonly orphan?: string;
}

function argumentsOf(environment: string, request: Request, options: Options): PlanArguments {
  return {
    environment,
    request,
    observed: options.observed ?? null,
    out: options.out ?? null,
    detailedExitcode: options.detailedExitcode,
    target: options.target ?? [],
    except: options.except ?? [],
    expiresMs: options.expires === undefined ? null : expiryOf(options.expires),
    allowLargePrune: options.allowLargePrune,
    discard: options.discard,
    deep: options.deep,
  };
}

function restoreArgumentsOf(
  environment: string,
  subject: string | null,
  options: Options,
): PlanRestoreArguments {
  return {
    environment,
    request: restoreRequestOf(environment, subject, options),
    out: options.out ?? null,
    detailedExitcode: options.detailedExitcode,
    expiresMs: options.expires === undefined ? null : expiryOf(options.expires),
  };
}

/** The request of an operation. */
function requestOf(operation: string | null, subject: string | null, options: Options): Request {
  const { label = null, store = null, orphan = null, hold } = options;
  switch (operation) {
    case null:
      return { operation: "converge" };
    case "backup":
      return { operation, database: subject, label, hold, store };
    case "prune":
      if (orphan !== null && subject !== null)
        usage(`prune takes a database or --orphan ${orphan}, not both`);
      return { operation, database: subject, orphan };
    case "verify":
      return { operation, backup: subject };
    case "release":
      return { operation, backup: subject ?? usage("release needs the name of a backup", "dbops backups") };
    default:
      return usage(
        `this dbops has no operation "${operation}": it knows backup, restore, verify, prune and release`,
      );
  }
}

function usage(detail: string, fix = "dbops plan --help"): never {
  fail("USAGE", detail, { fix });
}

function expiryOf(text: string): number {
  const ms = parseDuration(text);
  if (Number.isNaN(ms) || ms <= 0)
    fail("USAGE", `--expires ${text} is no duration`, { fix: "dbops plan … --expires 12h" });
  if (ms > WEEK_MS) fail("USAGE", `--expires ${text} is more than 7d`, { fix: "dbops plan … --expires 7d" });
  return ms;
}
