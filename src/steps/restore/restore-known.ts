import type { Facts } from "../../model/audit-entry.ts";
import type { Manifest } from "../../model/manifest.ts";

/** What the head of a restore's pipeline knows before the first byte. */
export type RestoreKnown = ArchiveKnown | PlainKnown;

interface Known {
  /** The environment that the backup is from. */
  readonly from: string;
  /** True behind `decrypt`: the parts are what pg_dump wrote. */
  readonly isPlain: boolean;
}

export interface ArchiveKnown extends Known {
  readonly layout: "directory";
  readonly manifest: Manifest;
}

/** Of the runbook's file nothing more is known. */
export interface PlainKnown extends Known {
  readonly layout: "classic";
  readonly backup: string;
}

export function fromRestoreKnown(known: RestoreKnown): Facts {
  return { ...known };
}

export function toRestoreKnown(facts: Facts): RestoreKnown {
  return facts as unknown as RestoreKnown; // the source of a restore's pipeline is always `download`, which built it from this type
}
