import { isDataEntry } from "../../model/data-entry.ts";
import { failedDigest } from "../../model/made-database.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import type { LoadFailure, LoadReport, NamedDatabase } from "../../ports/restore-target.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import type { StepRun } from "../handler.ts";
import { understoodDetail } from "../restore/backup-source.ts";
import type { ArchiveKnown } from "../restore/restore-known.ts";
import { noteFor } from "../restore/side-database.ts";
import { refuseMissing } from "./refuse-missing.ts";
import { reported } from "./reported.ts";

export interface EndedLoad {
  readonly report: LoadReport;
  readonly known: ArchiveKnown;
  readonly side: NamedDatabase;
  /** The backup's detail.json. */
  readonly detail: string;
}

/**
 * Says in the journal and in the side database that all was loaded and counted but what failed: a follow-up plan can go on from
 * there. Gives back what stands against that; then the comment stays as it was, and nobody goes on from there. So it does where
 * data failed: it is given up only by name, and no follow-up plan is written.
 */
export async function keepPartial(
  step: LoadStep,
  { failures, ...load }: EndedLoad & { readonly failures: readonly LoadFailure[] },
  run: StepRun,
): Promise<readonly Problem[]> {
  const failed = [...new Set(failures.flatMap(({ entry }) => entry ?? []))].sort();
  if (failures.some(({ entry }) => entry === null)) return []; // what has no name cannot be tolerated
  const { report, known, side } = load;
  try {
    const detail = understoodDetail(load.detail, known.manifest);
    const tolerating = { ...step, tolerate: [...step.tolerate, ...failed] };
    const { tables, unlisted } = await refuseMissing(tolerating, { detail, report }, run);
    if (failed.some(isDataEntry)) return [];
    await run.note({ ...side, ...reported(report), tables, unlisted, failed });
    const note = noteFor({ database: step.database, backup: known.manifest.name }, "partial", run);
    const target = run.ports.restoreTarget(step.database);
    await target.setNote(side, { ...note, failed: failedDigest(failed) }, run.signal);
    return [];
  } catch (error) {
    if (!(error instanceof DbopsError)) throw error;
    return error.problems;
  }
}
