import type { Plan, Summary } from "../model/plan.ts";
import type { SwapSchemasStep, SwapStep } from "../model/restore-steps.ts";
import type { BackupReference, Effect, HoldStep, PruneStep, Step, VerifyStep } from "../model/step.ts";
import type { Problem } from "../problems/problem.ts";
import { countOf } from "./naming.ts";

const SIGNS: Readonly<Record<Effect, string>> = { none: " ", add: "+", change: "~", destroy: "-" };

/** The sign in front of a step: `+` add, `~` change, `-` destroy, `!` point of no return, a space for no effect. */
export function signOf(step: Step): string {
  return step.pointOfNoReturn === true ? "!" : SIGNS[step.effect];
}

/** What a step does and why, in one line: `+ dump trading_signals: daily slot 2026-11-24 01:00 UTC is not covered`. */
export function describeStep(step: Step): string {
  return `${signOf(step)} ${actionOf(step)}: ${step.why}`;
}

/** What a step does, without sign and reason: `copy production_trading_signals_20261124_010000 from primary to dr`. */
export function actionOf(step: Step): string {
  switch (step.kind) {
    case "dump":
      if (step.of !== undefined) return `dump the database ${step.of.name}`;
      return step.label === null ? `dump ${step.database}` : `dump ${step.database} (${step.label})`;
    case "encrypt":
      return `encrypt ${step.database}`;
    case "upload":
      return `upload ${step.database} to ${step.store}`;
    case "copy":
      return `copy ${backupOf(step.database, step.backup)} from ${step.from} to ${step.to}`;
    case "verify":
      return verifyAction(step);
    case "hold":
      return holdAction(step, backupOf(step.database, step.backup));
    case "prune":
      return `delete ${prunedBy(step)} from ${step.store}`;
    case "download":
      return `download ${step.backup}${step.layout === "classic" ? ".sql.gz.enc" : ""} from ${step.store}`;
    case "decrypt":
      return `decrypt ${step.database}`;
    case "create":
      return `${step.continues === undefined ? "create" : "take over"} the database ${step.name} for ${step.database}`;
    case "load":
      return `load ${step.database} into ${step.into}`;
    case "analyze":
      return `analyze ${step.name}`;
    case "sanitize":
      return `run ${step.files.map((one) => one.path).join(", ")} in ${step.name}`;
    case "swap":
      return swapAction(step);
    case "drop":
      return `drop the database ${step.name}`;
  }
}

function verifyAction(step: VerifyStep): string {
  switch (step.type) {
    case "backup":
      return `verify ${backupOf(step.database, step.backup)} in ${step.store}`;
    case "classic":
      return `verify ${backupOf(step.database, step.backup)}${"existing" in step.backup ? ".sql.gz.enc" : ""} in ${step.store}`;
    case "database":
      return `verify the database ${step.name}`;
    case "http":
      return `ask ${step.urls.join(", ")}`;
  }
}

function swapAction(step: SwapStep): string {
  if (step.type === "schemas") return schemasAction(step);
  return step.expect.liveOid === null
    ? `rename ${step.side} to ${step.live}`
    : `swap ${step.side} with ${step.live}, which becomes ${step.old}`;
}

function schemasAction({ direction, live, marker, backup }: SwapSchemasStep): string {
  switch (direction) {
    case "aside":
      return `move the schemas of ${live} aside, which become ${marker}_1 …`;
    case "keep":
      return `keep ${backup} in ${live}`;
    case "back":
      return `give the schemas of ${live} their names back, unless ${backup} is kept`;
  }
}

/** `Plan: 4 to add, 0 to change, 2 to destroy.` */
export function renderSummary(summary: Summary): string {
  return `Plan: ${summary.add} to add, ${summary.change} to change, ${summary.destroy} to destroy.`;
}

/** What a verdict needs beside the plan. */
export interface VerdictContext {
  /** Path of the environment file. */
  readonly file: string;
  /** How many steps `--target` and `--except` took out. */
  readonly leftOut: number;
}

/** The last line of a plan. "No changes" is only said when everything could be looked at and nothing was left out. */
export function verdictLine(plan: Plan, problems: readonly Problem[], context: VerdictContext): string {
  const errors = problems.filter((one) => one.severity === "error").length;
  const beside = errors === 0 ? "" : ` ${errors} problem${errors === 1 ? "" : "s"} beside it.`;
  if (plan.steps.length > 0) return `${renderSummary(plan.summary)}${beside}`;
  if (errors > 0) return `Nothing is planned.${beside.replace(" beside it", "")}`;
  if (context.leftOut > 0)
    return `Nothing is planned: ${countOf(context.leftOut, "step")} left out as asked.`;
  return plan.operation === "converge"
    ? `No changes. ${plan.environment} matches ${context.file}.`
    : `No changes. There is nothing to ${plan.operation === "backup" ? "back up" : plan.operation}.`;
}

/** A backup by its name, or by what it will be one of; the step that makes it tells one of a replaced database. */
export function backupOf(database: string, backup: BackupReference): string {
  if ("existing" in backup) return backup.existing;
  const parts = backup.made.split(".");
  return `the new backup of ${parts.length === 3 ? parts[1] : database}`;
}

function holdAction(step: HoldStep, backup: string): string {
  return step.action === "place"
    ? `hold ${backup} in ${step.store} as ${step.hold}`
    : `release the hold ${step.hold} of ${backup} in ${step.store}`;
}

function prunedBy(step: PruneStep): string {
  switch (step.target.type) {
    case "backup":
      return step.target.name;
    case "orphan":
      return `orphaned ${step.target.name}`;
    case "leftover":
      return `what is left of ${step.target.name}`;
    case "upload":
      return `the unfinished upload of ${step.target.key}`;
  }
}
