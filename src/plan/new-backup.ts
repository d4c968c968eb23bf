import type { Backup, Origin } from "../model/backup.ts";
import type { BackupFormat, Database, Encryption } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { Sealing, Step } from "../model/step.ts";
import { copySteps } from "./copy-steps.ts";

/** A backup that the plan makes; its name is only known once it is made. */
export interface NewBackup {
  readonly database: Database;
  /** What a restore replaced; not given: the database itself. */
  readonly of?: { readonly name: string; readonly oid: number };
  readonly store: string;
  readonly origin: Origin;
  readonly slotAt: Instant | null;
  readonly label: string | null;
  /** Id of the hold placed with it. */
  readonly hold: string | null;
  readonly why: string;
  /** The size of what is dumped. */
  readonly bytes: number;
  /** The other stores that keep it, in the order of the file, and why. */
  readonly copies: readonly { readonly store: string; readonly why: string }[];
}

/** Where a format lies in a store: an archive in a folder of its own, a plain dump as the runbook's file. */
export function layoutOf(format: BackupFormat): Backup["layout"] {
  return format === "sql" ? "classic" : "directory";
}

/** The id of the step that makes the backup of a database; of one that a restore replaced, with `keptPrefix`. */
export function uploadId(prefix: string): string {
  return `${prefix}.upload`;
}

/** The id of the step that checks the new backup, in the first store or in that of a copy. */
export function newVerifyId(prefix: string, copiedTo: string | null): string {
  return copiedTo === null ? `${prefix}.verify` : `${prefix}.verify.${copiedTo}`;
}

/** What the ids of all steps begin with that work on a database which a restore replaced. */
export function keptPrefix(database: string, name: string): string {
  return `${database}.${name}`;
}

/** dump → encrypt → upload as one pipeline, a verify, and for each other store a copy, which brings the hold along, and a verify. */
export function newBackupSteps(backup: NewBackup): readonly Step[] {
  const name = backup.database.name;
  const prefix = prefixOf(backup);
  const made = { made: uploadId(prefix) };
  const layout = layoutOf(backup.database.backup.format);
  return [
    ...pipelineSteps(backup),
    {
      ...step(name, newVerifyId(prefix, null), "none"),
      kind: "verify",
      why: "what is stored must be what was written",
      needs: [uploadId(prefix)],
      type: layout === "classic" ? "classic" : "backup",
      backup: made,
      store: backup.store,
      deep: false,
    },
    ...backup.copies.flatMap((copy) =>
      copySteps(
        { database: name, from: backup.store, to: copy.store },
        {
          backup: made,
          suffix: backup.of === undefined ? "" : `.${backup.of.name}`,
          layout,
          why: copy.why,
          needs: [newVerifyId(prefix, null)],
        },
      ),
    ),
  ];
}

function prefixOf({ database, of }: NewBackup): string {
  return of === undefined ? database.name : keptPrefix(database.name, of.name);
}

function pipelineSteps(backup: NewBackup): readonly Step[] {
  const name = backup.database.name;
  const prefix = prefixOf(backup);
  const artifact = `${prefix}.backup`;
  const { compression, counts, encryption, format } = backup.database.backup;
  const sealing = sealingOf(encryption);
  const dump: Step = {
    ...step(name, `${prefix}.dump`, "add"),
    kind: "dump",
    why: backup.why,
    artifact,
    ...(backup.of === undefined ? {} : { of: backup.of }),
    origin: backup.origin,
    slotAt: backup.slotAt,
    label: backup.label,
    format,
    compression,
    ...(counts === undefined ? {} : { counts }),
  };
  const encrypt: Step = {
    ...step(name, `${prefix}.encrypt`, "add"),
    kind: "encrypt",
    why: whySealed(sealing),
    needs: [dump.id],
    artifact,
    sealing,
  };
  const upload: Step = {
    ...step(name, uploadId(prefix), "add"),
    kind: "upload",
    why: backup.hold === null ? `into ${backup.store}` : `into ${backup.store}, held as ${backup.hold}`,
    needs: [sealing === "none" ? dump.id : encrypt.id],
    artifact,
    store: backup.store,
    ...(layoutOf(format) === "classic" ? { layout: "classic" } : {}),
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
    case "openssl":
      return "openssl-passphrase";
    case "none":
      return "none";
  }
}

function whySealed(sealing: Sealing): string {
  if (typeof sealing === "string") return "with the passphrase of the environment file";
  const { length } = sealing.age.recipients;
  return `for ${length} recipient${length === 1 ? "" : "s"}`;
}
