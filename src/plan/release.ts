import type { Environment } from "../model/environment.ts";
import type { Observation } from "../model/observation.ts";
import type { Step } from "../model/step.ts";
import { type Draft, NOTHING } from "./draft.ts";
import { type Found, findBackup } from "./find-backup.ts";

/** Ends every hold of one backup, given by its name or its stamp, in every readable store. */
export function releaseBackup(environment: Environment, observation: Observation, wanted: string): Draft {
  return { ...NOTHING, steps: findBackup(environment, observation, wanted).flatMap(releaseSteps) };
}

function releaseSteps(found: Found): readonly Step[] {
  const { store, backup } = found;
  return [...backup.holds].sort().map((hold) => ({
    id: `${backup.database}.release.${store}.${hold}${backup.layout === "classic" ? ".classic" : ""}`,
    kind: "hold",
    effect: "change",
    why: "asked for; from now on its retention decides",
    needs: [],
    after: [],
    database: backup.database,
    action: "release",
    backup: { existing: backup.name },
    ...(backup.layout === "classic" ? { layout: backup.layout } : {}),
    store,
    hold,
    reason: null,
  }));
}
