import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Facts } from "../model/audit-entry.ts";
import { sha256 } from "../model/canonical.ts";
import { planAgain } from "../model/plan-again.ts";
import type { SanitizeStep } from "../model/restore-steps.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { loadedSide, standingOnSide } from "./restore/side-database.ts";

/**
 * Runs the declared SQL files, in order, in the side database. A file is one transaction, and is noted behind its COMMIT: one whose
 * note a crash took away runs again, whole. So a file must be safe to run again, as docs/restore.md says.
 */
export const sanitize: Action<SanitizeStep> = {
  shape: "action",
  guard: "restore",

  async probe(step: SanitizeStep, run: ProbeRun): Promise<Standing> {
    await readScripts(step, run);
    return standingOnSide(step, run);
  },

  async execute(step: SanitizeStep, run: StepRun): Promise<Facts> {
    const scripts = await readScripts(step, run);
    const { name } = await loadedSide(step, run);
    const before = run.journaled(step.id)?.["ran"];
    let ran = typeof before === "number" ? before : 0;
    for (const script of scripts.slice(ran)) {
      await run.ports.restoreTarget(step.database).runScript(name, script, run.signal);
      ran += 1;
      await run.note({ ran });
    }
    return { name, ran };
  },
};

interface Script {
  readonly path: string;
  readonly text: string;
}

/** All of them, before the first one runs. */
function readScripts(step: SanitizeStep, run: ProbeRun): Promise<readonly Script[]> {
  const folder = run.ports.environment.baseFolder;
  const fix = planAgain(run.plan, run.ports.environment);
  return Promise.all(
    step.files.map(async ({ path, sha256: planned }) => {
      const content = await readFile(resolve(folder, path), { signal: run.signal }).catch((cause: Error) => {
        run.signal.throwIfAborted();
        return fail("PLAN_STALE", `${path} cannot be read: ${cause.message}`, { fix, cause });
      });
      if (sha256(content) !== planned)
        fail("PLAN_STALE", `${path} is not the file that was reviewed with the plan`, { fix });
      return { path, text: content.toString("utf8") };
    }),
  );
}
