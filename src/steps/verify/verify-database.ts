import type { DetailTable } from "../../model/archive-contents.ts";
import { isMadeSchema } from "../../model/aside-schema.ts";
import type { Facts } from "../../model/audit-entry.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { DownloadStep, LoadStep, VerifyDatabaseStep } from "../../model/restore-steps.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { nameSome } from "../load/refuse-missing.ts";
import { openArchive, readDetail, understoodDetail } from "../restore/backup-source.ts";
import {
  countedTables,
  type Expected,
  missingTables,
  perhapsEmptied,
  tableName,
} from "../restore/compare-tables.ts";
import { lackOfTables } from "../restore/count-tables.ts";
import { whereToLook } from "../restore/in-place.ts";
import { loadedSide, standingOnSide } from "../restore/side-database.ts";
import { countAgain, describeDifferent } from "./count-again.ts";
import { findEmptied } from "./find-emptied.ts";
import type { Variant } from "./variant.ts";

/**
 * Looks at the restored database before anyone can connect: its tables against the backup's detail, their rows where the dump counted
 * them (else that none which had rows has none now), and the declared checks.
 */
export const verifyDatabase: Variant<VerifyDatabaseStep> = {
  probe(step: VerifyDatabaseStep, run: ProbeRun): Promise<Standing> {
    return standingOnSide(step, run);
  },

  async execute(step: VerifyDatabaseStep, run: StepRun): Promise<Facts> {
    const { name } = await loadedSide(step, run);
    const facts = await compareTables(step, run);
    const failed: Problem[] = [];
    for (const check of step.checks) failed.push(...(await ask(step, check, run)));
    if (failed.length > 0) throw new DbopsError(failed);
    return { name, ...facts, checks: step.checks.length };
  },
};

/** What the plan's own SQL files removed is told, not refused: that all had been there was found out behind the load. */
async function compareTables(step: VerifyDatabaseStep, run: StepRun): Promise<Facts> {
  const download = downloadOf(step, run);
  if (download.layout === "classic") return countTables(step, run);
  const source = await openArchive(download, run);
  const detail = understoodDetail(await readDetail(source, run), source.manifest);
  const there = await run.ports.restoreTarget(step.database).tables(step.name, run.signal);
  const expected = { tables: detail.tables, without: step.without, unlisted: unlistedBy(step, run) };
  const missing = missingTables(expected, there).map(tableName);
  const isSanitized = sanitizes(step, run);
  if (missing.length > 0 && !isSanitized) incomplete(step, `lacks ${nameSome(missing)}`, run);
  const facts = {
    tables: there.filter(({ schema }) => !isMadeSchema(schema)).length,
    ...(missing.length > 0 ? { removed: missing } : {}),
  };
  return isSanitized ? facts : { ...facts, ...(await compareContents(step, { expected, there }, run)) };
}

/** Where the dump counted rows they are counted again; elsewhere only a table that has none at all is told. */
async function compareContents(
  step: VerifyDatabaseStep,
  { expected, there }: { readonly expected: Expected; readonly there: readonly DetailTable[] },
  run: StepRun,
): Promise<Facts> {
  const emptied = await findEmptied(step, perhapsEmptied(expected, there), run);
  const tables = countedTables(expected, there);
  const { counted, different, unknown } = await countAgain(
    step,
    { tables, jobs: loadOf(step, run).jobs },
    run,
  );
  if (different.length > 0) incomplete(step, describeDifferent(different), run);
  const warnings = [
    ...(emptied.length > 0
      ? [`no row, where the source's estimate was of some, in ${nameSome(emptied)}`]
      : []),
    ...(unknown.length > 0
      ? [`not counted, because the admin role may not read all of it: ${nameSome(unknown)}`]
      : []),
  ];
  return {
    ...(tables.length > 0 ? { counted } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** Nothing lists the tables of a plain dump: those that it made were counted when it was loaded. */
async function countTables(step: VerifyDatabaseStep, run: StepRun): Promise<Facts> {
  const { length: tables } = await run.ports.restoreTarget(step.database).tables(step.name, run.signal);
  const made = Number(loadedFacts(step, run)?.["made"] ?? 0);
  const lack = lackOfTables(tables, made);
  if (lack === null) return { tables };
  if (!sanitizes(step, run)) incomplete(step, lack, run);
  return { tables, warnings: [`behind the SQL files, ${step.name} ${lack}`] };
}

function sanitizes({ name }: VerifyDatabaseStep, { plan }: StepRun): boolean {
  return plan.steps.some((one) => one.kind === "sanitize" && one.name === name);
}

function incomplete(step: VerifyDatabaseStep, what: string, run: StepRun): never {
  fail("RESTORE_INCOMPLETE", `${step.name} ${what}`, {
    fix: `${whereToLook(step.name, run)}, then plan the restore again:\n${planAgain(run.plan, run.ports.environment)}`,
  });
}

function loadOf(step: VerifyDatabaseStep, run: ProbeRun): LoadStep {
  const found = run.plan.steps.find((one) => one.kind === "load" && one.into === step.name);
  return found?.kind === "load" ? found : fail("PLAN_INVALID", `${step.id} has no load to look at`);
}

function downloadOf(step: VerifyDatabaseStep, run: ProbeRun): DownloadStep {
  const { artifact } = loadOf(step, run);
  const found = run.plan.steps.find((one) => one.kind === "download" && one.artifact === artifact);
  return found?.kind === "download"
    ? found
    : fail("PLAN_INVALID", `${step.id} has no backup to compare with`);
}

/** What the load found to be made by extensions. */
function unlistedBy(step: VerifyDatabaseStep, run: ProbeRun): readonly string[] {
  const noted = loadedFacts(step, run)?.["unlisted"];
  return Array.isArray(noted) ? noted.filter((one) => typeof one === "string") : [];
}

function loadedFacts(step: VerifyDatabaseStep, run: ProbeRun): Facts | null {
  return run.journaled(loadOf(step, run).id);
}

/** Names the check and never what it found, which is data. */
async function ask(
  step: VerifyDatabaseStep,
  check: { readonly name: string; readonly sql: string },
  run: StepRun,
): Promise<readonly Problem[]> {
  const fix = `${whereToLook(step.name, run)}; when the check itself is wrong, correct databases.${step.database}.restore.checks and plan again:\n${planAgain(run.plan, run.ports.environment)}`;
  try {
    const answer = await run.ports.restoreTarget(step.database).ask(step.name, check.sql, run.signal);
    if (answer === true) return [];
    return [problem("CHECK_FAILED", `${check.name} gave ${described(answer)} in ${step.name}`, { fix })];
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof DbopsError)) throw error;
    return error.problems.map((one) => ({ ...one, detail: `check ${check.name}: ${one.detail}` }));
  }
}

function described(answer: unknown): string {
  if (answer === false) return "false";
  return answer === null || answer === undefined ? "nothing" : "something that is neither true nor false";
}
