import type { Facts } from "../../model/audit-entry.ts";
import { classicKey } from "../../model/layout.ts";
import { planAgain } from "../../model/plan-again.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import { naming } from "../../ports/open-object.ts";
import type { LoadReport, NamedDatabase } from "../../ports/restore-target.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { Artifact, StepRun } from "../handler.ts";
import { lackOfTables } from "../restore/count-tables.ts";
import { otherThanLive } from "./other-than-live.ts";
import { reported } from "./reported.ts";

/**
 * Loads the runbook's dump in one transaction, which ends only when the whole file has passed, intact and to the dump's last line: where
 * this throws, the side database is as it was, but for RESTORE_INCOMPLETE, when it has fewer tables than the dump made, or none,
 * or fewer than half of those that it would replace, unless the plan keeps the schema: then that is told.
 */
export async function loadPlainDump(
  step: LoadStep,
  {
    input,
    side,
    backup,
  }: { readonly input: Artifact; readonly side: NamedDatabase; readonly backup: string },
  run: StepRun,
): Promise<Facts> {
  const { body } =
    input.parts.find((part) => part.name === "archive") ?? fail("INTERNAL", `${step.id} gets no archive`);
  let bytes = 0;
  const onProgress = (doneBytes: number) => {
    bytes = doneBytes;
    run.progress(doneBytes);
  };
  const target = run.ports.restoreTarget(step.database);
  const none = { madeBy: "", jobs: 1, skip: [] };
  const ignoreTablespaces = step.tablespaces === "ignore";
  const dump = { ...none, into: side, format: "sql", archive: body, ignoreTablespaces, onProgress } as const;
  const report = await naming(classicKey(backup), () => target.load(dump, run.signal));
  if (!body.readableEnded) fail("LOAD_FAILED", `the dump of ${backup} was not read to its end`);
  const there = await target.tables(step.into, run.signal);
  const { length: tables } = there;
  const made = madeIn(report);
  const lack = lackOfTables(tables, made);
  if (lack !== null)
    fail("RESTORE_INCOMPLETE", `${step.into} ${lack}`, {
      fix: `look at ${step.into}, which stays; then restore another backup:\ndbops backups ${run.plan.environment}`,
    });
  const other = await otherThanLive(step, there, run);
  if (other !== null && step.schema !== "keep") refuseOther(step, other, run);
  const warnings = [...report.warnings, ...(other === null ? [] : [`${step.into} ${other}`])];
  return { ...side, bytes, ...reported({ ...report, warnings }), tables, made };
}

function refuseOther({ into }: LoadStep, other: string, run: StepRun): never {
  const { plan, ports } = run;
  fail("RESTORE_INCOMPLETE", `${into} ${other}; the dump may be of another database`, {
    fix: `look at ${into}, which stays; where another schema is meant:\n${planAgain(plan, ports.environment, { keepSchema: true })}`,
    final: true,
  });
}

function madeIn({ tables }: LoadReport): number {
  return tables ?? fail("INTERNAL", "a plain dump was loaded and its tables were not counted");
}
