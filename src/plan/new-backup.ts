import type { Origin } from "../model/backup.ts";
import type { Database, Encryption } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { Sealing, Step } from "../model/step.ts";
import { copySteps } from "./copy-steps.ts";

/** A backup that the plan makes; its name is only known once it is made. */
export interface NewBackup {
  readonly database: Database;
  readonly store: string;
  readonly origin: Origin;
  readonly slotAt: Instant | null;
  readonly label: string | null;
  /** Id of the hold placed with it. */
  readonly hold: string | null;
  readonly why: string;
  /** The database's size. */
  readonly bytes: number;
  /** The other stores that keep it, in the order of the file, and why. */
  readonly copies: readonly { readonly store: string; readonly why: string }[];
}

/** The id of the step that makes the backup of a database. */
export function uploadId(database: string): string {
  return `${database}.upload`;
}

/** The id of the step that checks the new backup, in the first store or in that of a copy. */
export function newVerifyId(database: string, copiedTo: string | null): string {
  return copiedTo === null ? `${database}.verify` : `${database}.verify.${copiedTo}`;
}

/** dump → encrypt → upload as one pipeline, a verify, and for each other store a copy, which brings the hold along, and a verify. */
export function newBackupSteps(backup: NewBackup): readonly Step[] {
  const name = backup.database.name;
  const made = { made: uploadId(name) };
  return [
    ...pipelineSteps(backup),
    {
      ...step(name, newVerifyId(name, null), "none"),
      kind: "verify",
      why: "what is stored must be what was written",
      needs: [uploadId(name)],
      type: "backup",
      backup: made,
      store: backup.store,
      deep: false,
    },
    ...backup.copies.flatMap((copy) =>
      copySteps(
        { database: name, from: backup.store, to: copy.store },
        { backup: made, suffix: "", why: copy.why, needs: [newVerifyId(name, null)] },
      ),
    ),
  ];
}

function pipelineSteps(backup: NewBackup): readonly Step[] {
  const name = backup.database.name;
  const artifact = `${name}.backup`;
  const { compression, encryption, format } = backup.database.backup;
  const sealing = sealingOf(encryption);
  const dump: Step = {
    ...step(name, `${name}.dump`, "add"),
    kind: "dump",
    why: backup.why,
    artifact,
    origin: backup.origin,
    slotAt: backup.slotAt,
    label: backup.label,
    format,
    compression,
  };
  const encrypt: Step = {
    ...step(name, `${name}.encrypt`, "add"),
    kind: "encrypt",
    why: whySealed(sealing),
    needs: [dump.id],
    artifact,
    sealing,
  };
  const upload: Step = {
    ...step(name, uploadId(name), "add"),
    kind: "upload",
    why: backup.hold === null ? `into ${backup.store}` : `into ${backup.store}, held as ${backup.hold}`,
    needs: [sealing === "none" ? dump.id : encrypt.id],
    artifact,
    store: backup.store,
    hold: backup.hold,
    estimatedBytes: backup.bytes,
  };
  return sealing === "none" ? [dump, upload] : [dump, encrypt, upload];
}

function step<E extends Step["effect"]>(database: string, id: string, effect: E) {
  const none: readonly string[] = [];
  return { id, effect, why: "", needs: none, after: none, database };
}

function sealingOf(encryption: Encryption): Sealing {
  switch (encryption.kind) {
    case "age-recipients":
      return { age: { recipients: encryption.recipients } };
    case "age-passphrase":
      return "age-passphrase";
    case "none":
      return "none";
  }
}

function whySealed(sealing: Sealing): string {
  if (typeof sealing === "string") return "with the passphrase of the environment file";
  const { length } = sealing.age.recipients;
  return `for ${length} recipient${length === 1 ? "" : "s"}`;
}
