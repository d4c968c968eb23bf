import type { Instant } from "./instant.ts";

export const ORIGINS = ["scheduled", "forced", "safety", "forensic", "promotion"] as const;
/** Why a backup was made; only `scheduled` ones cover slots and fill retention buckets. */
export type Origin = (typeof ORIGINS)[number];

/** One backup as one listing of one store shows it; nothing in it was read from inside an object. */
export interface Backup {
  /** `<environment>_<database>_<YYYYMMDD_HHMMSS>`, the same in every store. */
  readonly name: string;
  readonly database: string;
  /** From the name, whole seconds. */
  readonly at: Instant;
  /** `directory`: dbops' own layout; `classic`: the runbook's single file. */
  readonly layout: "directory" | "classic";
  /**
   * complete: manifest and every object that this layout demands are listed and not empty;
   * incomplete: something is missing; unfinished work or the rest of a deletion.
   */
  readonly state: "complete" | "incomplete";
  /** From the marker; null when there is none: of the runbook's layout, a file that the scripts made. */
  readonly origin: Origin | null;
  /** Of all its objects, proofs and holds left out. */
  readonly bytes: number;
  /** ETag of manifest.json (classic: of the file itself); null when there is none. */
  readonly etag: string | null;
  /** The store's clock at the newest change of any of its objects. */
  readonly modifiedAt: Instant;
  readonly proofs: readonly { readonly at: Instant; readonly passed: boolean }[];
  /** Ids of its holds. */
  readonly holds: readonly string[];
  /** Keys in its folder, relative to it, that this version did not write and never touches; not given: none. */
  readonly unknown?: readonly string[];
}
