import type { Backup } from "../model/backup.ts";
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
export function verifyBackup(
  environment: Environment,
  observation: Observation,
  wanted: { readonly backup: string; readonly deep: boolean },
): Draft {
  const found = findBackup(environment, observation, wanted.backup);
  const whole = found.filter((one) => hasProof(one.backup, wanted.deep));
  if (whole.length > 0) return { ...NOTHING, steps: whole.map((one) => verifyStep(one, "asked for")) };
  const again = `dbops plan ${environment.name} verify ${wanted.backup} --deep`;
  const [detail, fix] = found.some((one) => hasProof(one.backup, true))
    ? [`${wanted.backup} has no .sha256 beside it: only what is in it can tell whether it is whole`, again]
    : [
        `${wanted.backup} has no manifest to compare it with, or not all of its objects`,
        `dbops backups ${environment.name}`,
      ];
  return { ...NOTHING, problems: [problem("BACKUP_INCOMPLETE", detail, { fix })] };
}

/** Reads the newest backup of a database again, in each of its readable stores. */
export function verifyNewest(view: DatabaseView): Draft {
  const newest = view.stores.flatMap((store) => {
    const [backup] = completeOf(store).toSorted((a, b) => byNewest(a, b) || ownFirst(a, b));
    return backup === undefined ? [] : [{ store: store.store, backup }];
  });
  return { ...NOTHING, steps: newest.map((one) => verifyStep(one, `the newest in ${one.store}`)) };
}

/** Of two of one name: a manifest says more than a checksum. */
function ownFirst(a: Backup, b: Backup): number {
  return Number(a.layout === "classic") - Number(b.layout === "classic");
}

/** Something to compare it with; the trailer of the runbook's file is in it and needs no checksum. */
function hasProof(backup: Backup, deep: boolean): boolean {
  if (backup.state === "complete") return true;
  return deep && backup.layout === "classic" && backup.etag !== null && backup.bytes > 0;
}

function verifyStep({ store, backup }: Found, why: string): Step {
  const id = `${backup.database}.verify.${store}.${stampIn(backup.name)}`;
  const base = {
    kind: "verify",
    effect: "none",
    why,
    needs: [],
    after: [],
    database: backup.database,
  } as const;
  return backup.layout === "classic"
    ? { ...base, id: `${id}.classic`, type: "classic", backup: { existing: backup.name }, store, deep: false }
    : { ...base, id, type: "backup", backup: { existing: backup.name }, store, deep: false };
}
