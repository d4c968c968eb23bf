import type { Facts } from "../../model/audit-entry.ts";
import type { Backup } from "../../model/backup.ts";
import { msOf } from "../../model/instant.ts";
import { backupFolder, backupName, freeStamp, STORE_MARK } from "../../model/layout.ts";
import type { UploadStep } from "../../model/step.ts";
import { isDatedAhead } from "../../policy/clock.ts";
import { SLOT_TOLERANCE_MS } from "../../policy/schedule.ts";
import { listBackups } from "../../ports/list-backups.ts";
import { fail } from "../../problems/dbops-error.ts";
import { type BackupKnown, toBackupKnown, toSqlKnown } from "../backup-facts.ts";
import type { Artifact, ProbeRun, Sink, Standing, StepRun } from "../handler.ts";
import { finishBackup } from "./finish-backup.ts";
import { recoverBackup } from "./recover-backup.ts";
import { recoverClassic } from "./recover-classic.ts";
import { sealAndWrite } from "./seal-and-write.ts";
import { finishClassic, writeClassic } from "./write-classic.ts";

/**
 * The only writer of a backup: parts side by side, `sealed` in the journal, commit, markers, RESTORE.md, manifest.json; of the
 * runbook's layout the file and then its checksum.
 */
export const upload: Sink<UploadStep> = {
  shape: "sink",
  guard: "lease",

  /** Done when the slot is covered by now: another host was faster than this plan. */
  async probe(step: UploadStep, run: ProbeRun): Promise<Standing> {
    const covering = await coveringBackup(step, run);
    if (covering === null) return { state: "ready" };
    const facts = { name: covering.name, store: step.store, bytes: covering.bytes };
    return { state: "done", evidence: `${covering.name} covers the slot`, facts };
  },

  recover(step: UploadStep, run: StepRun): Promise<Facts | null> {
    return step.layout === "classic" ? recoverClassic(step, run) : recoverBackup(step, run);
  },

  async drain(step: UploadStep, input: Artifact, run: StepRun): Promise<Facts> {
    if (step.layout === "classic") return drainClassic(step, input, run);
    const known = toBackupKnown(input.known);
    const name = await chooseName(step, known, run);
    // `sealed: null` takes back what an attempt before this one had sealed under another name.
    await run.note({ bound: name, sealed: null });
    const manifest = await sealAndWrite(step, { name, known, parts: input.parts }, run);
    return finishBackup(step, manifest, run);
  },
};

async function drainClassic(step: UploadStep, input: Artifact, run: StepRun): Promise<Facts> {
  const [part, ...more] = input.parts;
  if (part?.name !== "sql" || more.length > 0)
    return fail("PLAN_INVALID", `${step.id} writes a plain dump, and ${step.artifact} is none`);
  const known = toSqlKnown(input.known);
  const name = await chooseName(step, known, run);
  await run.note({ bound: name, sealed: null }); // as above
  return finishClassic(step, await writeClassic(step, { name, known, part }, run), run);
}

/** The snapshot's second, or the first one after it that neither a backup of this store has nor an earlier attempt had. */
async function chooseName(
  step: UploadStep,
  known: Pick<BackupKnown, "snapshotAt">,
  run: StepRun,
): Promise<string> {
  const environment = run.plan.environment;
  const store = run.ports.store(step.store);
  const { backups, objects } = await listBackups(store, { environment, database: step.database }, run.signal);
  const names = new Set<unknown>(backups.map((backup) => backup.name));
  names.add(run.journaled(step.id)?.["bound"]); // a request of that attempt may still be on its way
  const isTaken = (stamp: string) =>
    names.has(backupName(environment, step.database, stamp)) ||
    objects.some((object) => object.key.startsWith(backupFolder(step.database, stamp)));
  return backupName(environment, step.database, freeStamp(known.snapshotAt, isTaken));
}

/** A complete scheduled backup in the target store that covers the slot of this pipeline's dump. */
async function coveringBackup(step: UploadStep, run: ProbeRun): Promise<Backup | null> {
  const source = run.plan.steps.find((one) => one.kind === "dump" && one.artifact === step.artifact);
  if (source?.kind !== "dump" || source.slotAt === null) return null;
  const fromMs = msOf(source.slotAt) - SLOT_TOLERANCE_MS;
  const of = { environment: run.plan.environment, database: step.database };
  const store = run.ports.store(step.store);
  const mark = await store.head(STORE_MARK, run.signal);
  if (mark === null) return fail("STORE_UNMARKED", `store ${step.store} has lost its ${STORE_MARK}`);
  const listed = await listBackups(store, of, run.signal);
  // One that is dated in the future covers nothing: the planner left it out, too.
  const covers = (one: Backup) =>
    one.state === "complete" &&
    one.origin === "scheduled" &&
    msOf(one.at) >= fromMs &&
    !isDatedAhead(one.at, mark.readAt);
  return listed.backups.findLast(covers) ?? null;
}
