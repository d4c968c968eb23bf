import { shellQuoted } from "../problems/shell-quoted.ts";
import type { Environment } from "./environment.ts";
import { classicKey, parseBackupName } from "./layout.ts";
import type { Plan } from "./plan.ts";
import type { DownloadStep, LoadStep, SwapStep } from "./restore-steps.ts";
import type { Step } from "./step.ts";

/** `store`: the one that the backup was to be read from is what is wrong; `jobs`: the file says them anew. */
export type Without = "store" | "jobs";

/** What is to be different in a plan that is made again. */
export interface Otherwise {
  readonly without?: readonly Without[];
  /** More entries than the plan tolerates. */
  readonly tolerate?: readonly string[];
  readonly acceptSlotLoss?: boolean;
  readonly noTablespaces?: boolean;
  readonly keepSchema?: boolean;
}

/**
 * The command that makes such a plan again, as the plan and the file tell it. A restore is of the same backup, into the same
 * name. Only the plan of a plain dump has `--schema keep` in it: of another, planning names it where it is needed.
 */
export function planAgain(plan: Plan, environment: Environment, otherwise: Otherwise = {}): string {
  const words = ["dbops", "plan", plan.environment, ...restoreWords(plan, environment, otherwise)];
  return words.map(shellQuoted).join(" ");
}

interface RestoreOf {
  readonly download: DownloadStep;
  readonly load: LoadStep;
  readonly swap: SwapStep | null;
}

function restoreWords(plan: Plan, environment: Environment, otherwise: Otherwise): readonly string[] {
  const restore = restoreOf(plan);
  if (restore === null) return [];
  const { download, load, swap } = restore;
  const { without = [], tolerate = [], acceptSlotLoss = false } = otherwise;
  const { noTablespaces = false, keepSchema = false } = otherwise;
  const into = swap === null ? null : newName(swap, environment);
  const isSafe = plan.steps.some((step) => step.kind === "dump");
  const accepted = [...new Set([...load.tolerate, ...tolerate])].sort();
  return [
    "restore",
    ...option("database", load.database),
    ...pointWords(download),
    ...option("from", download.from === plan.environment ? null : download.from),
    ...option("store", without.includes("store") ? null : download.store),
    ...option("into", into),
    ...(load.marker === undefined ? [] : ["--in-place"]),
    ...option("safety", isSafe ? "before" : null),
    ...(acceptSlotLoss || (swap?.lostSlots.length ?? 0) > 0 ? ["--accept-slot-loss"] : []),
    ...(noTablespaces || load.tablespaces === "ignore" ? ["--no-tablespaces"] : []),
    ...(keepSchema || load.schema === "keep" ? ["--schema", "keep"] : []),
    ...option("jobs", without.includes("jobs") ? null : ownJobs(load, environment)),
    ...accepted.flatMap((entry) => option("tolerate", entry)),
  ];
}

/** null: the plan restores nothing. */
function restoreOf({ steps }: Plan): RestoreOf | null {
  const load = steps.find((step) => step.kind === "load");
  const download = steps.find((step) => isOf("download", step) && step.artifact === load?.artifact);
  if (load === undefined || download?.kind !== "download") return null;
  const swap = steps.filter((step) => isOf("swap", step)).find((step) => isSwapOf(step, load));
  return { download, load, swap: swap ?? null };
}

function isSwapOf(step: SwapStep, { into }: LoadStep): boolean {
  return step.type === "database" ? step.side === into : step.direction === "aside" && step.live === into;
}

function isOf<K extends Step["kind"]>(kind: K, step: Step): step is Extract<Step, { kind: K }> {
  return step.kind === kind;
}

function option(name: string, value: string | null): readonly string[] {
  return value === null ? [] : [`--${name}`, value];
}

/** A file of the runbook and a backup of dbops may have one time. */
function pointWords({ backup, layout }: DownloadStep): readonly string[] {
  if (layout === "classic") return ["--file", classicKey(backup)];
  const stamp = parseBackupName(backup)?.stamp;
  return stamp === undefined ? ["--file", backup] : ["--at", stamp];
}

/** The name that was asked for with `--into`; null: it is the declared database's own. */
function newName({ database, live, expect }: SwapStep, environment: Environment): string | null {
  if (expect.liveOid !== null) return null; // into takes no name that is taken
  const connection = environment.databases.find(({ name }) => name === database)?.connection;
  const own = connection?.kind === "parts" ? connection.database : database; // as planning tells a declared name
  return live === own ? null : live;
}

/** null: as the file says. */
function ownJobs({ database, jobs, format }: LoadStep, environment: Environment): string | null {
  if (format === "sql") return null;
  const declared = environment.databases.find(({ name }) => name === database);
  return declared?.restore.jobs === jobs ? null : String(jobs);
}
