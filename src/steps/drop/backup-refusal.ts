import { msOf } from "../../model/instant.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { DropStep } from "../../model/restore-steps.ts";
import type { MadeNote } from "../../model/restore-target.ts";
import type { BackupReference } from "../../model/step.ts";
import { listBackups } from "../../ports/list-backups.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import { makerOf, resolveName } from "../backup-facts.ts";
import type { ProbeRun } from "../handler.ts";
import { readDetail } from "../restore/backup-source.ts";

interface Asked {
  readonly backup: BackupReference;
  /** The comment of the database that is to go. */
  readonly note: MadeNote;
}

interface Question {
  readonly backup: string;
  /** This plan made it, of the database that is to go. */
  readonly isOwn: boolean;
  readonly note: MadeNote;
}

/**
 * null: a store of the database has this backup, whole, taken when nobody could write any more, and it is one of the database
 * that is to go: this plan made it of that one, the database's comment says so, or, opened, the backup itself does.
 */
export async function backupRefusal(
  step: DropStep,
  { backup: reference, note }: Asked,
  run: ProbeRun,
): Promise<Problem | null> {
  const { environment } = run.ports;
  const backup = resolveName(reference, run);
  if (backup === null)
    return problem("PRUNE_REFUSED", `${step.name} needs the backup that ${makerOf(reference)} makes`);
  const question = { backup, note, isOwn: "made" in reference && isMadeOfIt(step, reference.made, run) };
  const declared = environment.databases.find((one) => one.name === step.database);
  const reasons: string[] = [];
  for (const { store } of declared?.backup.stores ?? []) {
    const reason = await reasonAgainst(step, { ...question, store: run.ports.store(store) }, run);
    if (reason === null) return null;
    reasons.push(`${store}: ${reason}`);
  }
  const detail = `${step.name} needs ${question.backup} as a backup of it; ${reasons.join("; ")}`;
  return problem("PRUNE_REFUSED", detail, { fix: `dbops plan ${environment.name}` });
}

/** A store that cannot be read is a reason, too: another one may have it. */
async function reasonAgainst(
  step: DropStep,
  question: Question & { readonly store: ObjectStore },
  run: ProbeRun,
): Promise<string | null> {
  try {
    return await look(step, question, run);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof DbopsError)) throw error;
    return error.problems.map((one) => one.detail).join(", ");
  }
}

async function look(
  step: DropStep,
  { backup, note, isOwn, store }: Question & { readonly store: ObjectStore },
  run: ProbeRun,
): Promise<string | null> {
  const of = { environment: run.plan.environment, database: step.database };
  const { backups } = await listBackups(store, of, run.signal);
  const listed = backups.find((one) => one.name === backup && one.layout === "directory");
  if (listed === undefined) return "it is not there";
  if (listed.state !== "complete") return "it is not complete";
  const { manifest } = await readManifest(store, backup, run.signal);
  const tooEarly = isTooEarly(manifest, note);
  if (tooEarly !== null) return tooEarly;
  if (isOwn && manifest.plan === run.plan.plan) return null;
  if (note.keptAs === backup) return null;
  const identity = identityIn(await readDetail({ ports: run.ports, store, manifest }, run));
  const isOfIt = identity?.database === step.name && identity.oid === step.expect.oid;
  return isOfIt ? null : "it is a backup of another database";
}

/** True for the upload of a dump of exactly this database, in the plan that is applied. */
function isMadeOfIt(step: DropStep, made: string, { plan }: ProbeRun): boolean {
  const upload = plan.steps.find((one) => one.kind === "upload" && one.id === made);
  if (upload?.kind !== "upload") return false;
  return plan.steps.some(
    (one) =>
      one.kind === "dump" &&
      one.artifact === upload.artifact &&
      one.of?.name === step.name &&
      one.of.oid === step.expect.oid,
  );
}

function isTooEarly({ snapshotAt }: Manifest, { replacedAt }: MadeNote): string | null {
  if (replacedAt === null) return "the comment does not say when it was replaced";
  return msOf(snapshotAt) > msOf(replacedAt)
    ? null
    : `it is of ${snapshotAt}, before nobody could write any more (${replacedAt})`;
}

/** The database that a detail.json was read in. */
function identityIn(text: string): { readonly database: unknown; readonly oid: unknown } | null {
  const { identity } = JSON.parse(text) as { identity?: unknown }; // compared with its manifest
  if (typeof identity !== "object" || identity === null) return null;
  const { database, oid } = identity as { database?: unknown; oid?: unknown }; // both only compared
  return { database, oid };
}
