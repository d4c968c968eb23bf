import type { Environment } from "../model/environment.ts";
import type { Observation } from "../model/observation.ts";
import type { Step } from "../model/step.ts";
import { byNewest } from "../policy/retention.ts";
import { completeOf } from "../policy/union.ts";
import { problem } from "../problems/problem.ts";
import type { DatabaseView } from "./database-view.ts";
import { type Draft, NOTHING } from "./draft.ts";
import { type Found, findBackup } from "./find-backup.ts";
import { stampIn } from "./naming.ts";

/** Reads one backup, given by its name or its stamp, again in every readable store that has it. */
export function verifyBackup(environment: Environment, observation: Observation, wanted: string): Draft {
  const found = findBackup(environment, observation, wanted);
  const whole = found.filter(hasManifest);
  if (whole.length > 0) return { ...NOTHING, steps: whole.map((one) => verifyStep(one, "asked for")) };
  const detail = `${wanted} has no manifest to compare it with, or not all of its objects`;
  return {
    ...NOTHING,
    problems: [problem("BACKUP_INCOMPLETE", detail, { fix: `dbops backups ${environment.name}` })],
  };
}

/** Reads the newest backup of a database again, in each of its readable stores. */
export function verifyNewest(view: DatabaseView): Draft {
  const newest = view.stores.flatMap((store) => {
    const [backup] = completeOf(store)
      .filter((one) => one.layout === "directory")
      .sort(byNewest);
    return backup === undefined ? [] : [{ store: store.store, backup }];
  });
  return { ...NOTHING, steps: newest.map((one) => verifyStep(one, `the newest in ${one.store}`)) };
}

function hasManifest({ backup }: Found): boolean {
  return backup.state === "complete" && backup.layout === "directory";
}

function verifyStep({ store, backup }: Found, why: string): Step {
  return {
    id: `${backup.database}.verify.${store}.${stampIn(backup.name)}`,
    kind: "verify",
    effect: "none",
    why,
    needs: [],
    after: [],
    database: backup.database,
    type: "backup",
    backup: { existing: backup.name },
    store,
    deep: false,
  };
}
