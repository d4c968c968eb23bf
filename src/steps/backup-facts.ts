import type { Facts } from "../model/audit-entry.ts";
import type { Origin } from "../model/backup.ts";
import type { Instant } from "../model/instant.ts";
import type { ArchiveCompression, Manifest } from "../model/manifest.ts";
import type { BackupReference } from "../model/step.ts";
import type { ProbeRun } from "./handler.ts";

/** What the head of a backup's pipeline knows before the first byte. */
export interface BackupKnown {
  readonly snapshotAt: Instant;
  readonly serverVersion: string;
  readonly schemaRevision: string | null;
  readonly origin: Origin;
  readonly label: string | null;
  readonly format: Manifest["format"];
  readonly compression: ArchiveCompression;
  readonly encryption: Manifest["encryption"];
  /** Fingerprints. */
  readonly recipients: readonly string[];
}

/** What the head of a pipeline of `format: sql` knows before the first byte. */
export interface SqlKnown {
  readonly snapshotAt: Instant;
  readonly serverVersion: string;
}

/** What each part of a backup's pipeline knows when its last byte has passed. */
export interface PartFacts {
  readonly plaintextBytes: number;
  readonly plaintextSha256: string;
  /** The program that made it, with its version; null where dbops did. */
  readonly program: string | null;
}

export function fromBackupKnown(known: BackupKnown): Facts {
  return { ...known };
}

export function toBackupKnown(facts: Facts): BackupKnown {
  return facts as unknown as BackupKnown; // the source of a backup's pipeline is always `dump`, which built it from this type
}

export function fromSqlKnown(known: SqlKnown): Facts {
  return { ...known };
}

export function toSqlKnown(facts: Facts): SqlKnown {
  return facts as unknown as SqlKnown; // as above: the planner gives a plain dump an upload of its own layout
}

export function fromPartFacts(facts: PartFacts): Facts {
  return { ...facts };
}

export function toPartFacts(facts: Facts): PartFacts {
  return facts as unknown as PartFacts; // as above
}

/** The name of a backup that a step refers to; null while the step that makes it has not run. */
export function resolveName(reference: BackupReference, run: ProbeRun): string | null {
  if ("existing" in reference) return reference.existing;
  const name = run.journaled(reference.made)?.["name"];
  return typeof name === "string" ? name : null;
}

/** The step that has to run first, for a reference that has no name yet. */
export function makerOf(reference: BackupReference): string {
  return "made" in reference ? reference.made : "nothing";
}
