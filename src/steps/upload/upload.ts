import type { Facts } from "../../model/audit-entry.ts";
import { backupFolder, backupName, freeStamp } from "../../model/layout.ts";
import type { UploadStep } from "../../model/step.ts";
import { listBackups } from "../../ports/list-backups.ts";
import { type BackupKnown, toBackupKnown } from "../backup-facts.ts";
import type { Artifact, ProbeRun, Sink, Standing, StepRun } from "../handler.ts";
import { finishBackup } from "./finish-backup.ts";
import { recoverBackup } from "./recover-backup.ts";
import { sealAndWrite } from "./seal-and-write.ts";

/** The only writer of a backup: parts side by side, `sealed` in the journal, commit, markers, RESTORE.md, manifest.json. */
export const upload: Sink<UploadStep> = {
  shape: "sink",
  guard: "lease",

  async probe(step: UploadStep, run: ProbeRun): Promise<Standing> {
    if (run.journaled(step.id) !== null)
      return { state: "waiting", for: "an earlier attempt to be finished or cleared" };
    return { state: "ready" };
  },

  recover(step: UploadStep, run: StepRun): Promise<Facts | null> {
    return recoverBackup(step, run);
  },

  async drain(step: UploadStep, input: Artifact, run: StepRun): Promise<Facts> {
    const known = toBackupKnown(input.known);
    const name = await chooseName(step, known, run);
    // `sealed: null` takes back what an attempt before this one had sealed under another name.
    await run.note({ bound: name, sealed: null });
    const manifest = await sealAndWrite(step, { name, known, parts: input.parts }, run);
    return finishBackup(step, manifest, run);
  },
};

/** The snapshot's second, or the first one after it that no backup of this store has. */
async function chooseName(step: UploadStep, known: BackupKnown, run: StepRun): Promise<string> {
  const environment = run.plan.environment;
  const store = run.ports.store(step.store);
  const { backups, objects } = await listBackups(store, { environment, database: step.database }, run.signal);
  const names = new Set(backups.map((backup) => backup.name));
  const isTaken = (stamp: string) =>
    names.has(backupName(environment, step.database, stamp)) ||
    objects.some((object) => object.key.startsWith(backupFolder(step.database, stamp)));
  return backupName(environment, step.database, freeStamp(known.snapshotAt, isTaken));
}
