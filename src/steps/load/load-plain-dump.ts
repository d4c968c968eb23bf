import type { Facts } from "../../model/audit-entry.ts";
import { classicKey } from "../../model/layout.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import { naming } from "../../ports/open-object.ts";
import type { LoadReport, NamedDatabase } from "../../ports/restore-target.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { Artifact, StepRun } from "../handler.ts";
import { lackOfTables } from "../restore/count-tables.ts";
import { reported } from "./reported.ts";

/**
 * Loads the runbook's dump in one transaction, which ends only when the whole file has passed, intact and to the dump's last line: where
 * this throws, the side database is as it was, but for RESTORE_INCOMPLETE, when it has fewer tables than the dump made, or none.
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
  const { length: tables } = await target.tables(step.into, run.signal);
  const made = madeIn(report);
  const lack = lackOfTables(tables, made);
  if (lack !== null)
    fail("RESTORE_INCOMPLETE", `${step.into} ${lack}`, {
      fix: `look at ${step.into}, which stays; then restore another backup:\ndbops backups ${run.plan.environment}`,
    });
  return { ...side, bytes, ...reported(report), tables, made };
}

function madeIn({ tables }: LoadReport): number {
  return tables ?? fail("INTERNAL", "a plain dump was loaded and its tables were not counted");
}
