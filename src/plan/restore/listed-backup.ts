import type { Backup } from "../../model/backup.ts";
import type { Instant } from "../../model/instant.ts";
import { byNewest } from "../../policy/retention.ts";
import type { DatabaseView } from "../database-view.ts";

/** Everything that the readable stores of a database have under one name. */
export interface ListedBackup {
  readonly name: string;
  /** From the name. */
  readonly at: Instant;
  /** By store in the order of the file; one store may have two of different layouts. */
  readonly found: readonly { readonly store: string; readonly backup: Backup }[];
}

/** A backup that can be restored, and where it is read. */
export interface Candidate {
  readonly store: string;
  readonly backup: Backup;
  /** Other readable stores that have it whole, in the order of the file. */
  readonly alsoIn: readonly string[];
}

/** What the stores have, newest first; `store`: only this one. */
export function listedIn(view: DatabaseView, store: string | null): readonly ListedBackup[] {
  const byName = new Map<string, ListedBackup["found"]>();
  for (const one of view.stores) {
    if (store !== null && one.store !== store) continue;
    for (const backup of one.listing.backups)
      byName.set(backup.name, [...(byName.get(backup.name) ?? []), { store: one.store, backup }]);
  }
  return [...byName]
    .flatMap(([name, found]) => (found[0] === undefined ? [] : [{ name, at: found[0].backup.at, found }]))
    .sort(byNewest);
}

/** The backup where it stands whole; null: nowhere. `layout` tells two of one name apart. */
export function candidateOf(listed: ListedBackup, layout: Backup["layout"] | null): Candidate | null {
  const whole = listed.found.filter(
    ({ backup }) => backup.state === "complete" && (layout === null || backup.layout === layout),
  );
  const [first, ...others] = whole;
  if (first === undefined) return null;
  const alsoIn = others.filter(({ backup }) => backup.layout === first.backup.layout).map((one) => one.store);
  return { ...first, alsoIn };
}

/** True when one name stands for backups of two layouts. */
export function isAmbiguous({ found }: ListedBackup): boolean {
  return new Set(found.map(({ backup }) => backup.layout)).size > 1;
}

/** Why nobody gets this backup who did not name it; null: it is as good as any. */
export function flawOf(view: DatabaseView, listed: ListedBackup): string | null {
  const damage = damageOf(view, listed);
  if (damage !== null) return damage;
  const aside = asideIn(listed);
  return aside === null ? null : `is a ${aside} backup, restored only by its name`;
}

/**
 * True for a whole backup that stands for no moment of the database: it was taken for safety, or as evidence, of what somebody was
 * about to replace or drop, so it is newer than others and has older or damaged content.
 */
export function isSetAside(view: DatabaseView, listed: ListedBackup): boolean {
  return damageOf(view, listed) === null && asideIn(listed) !== null;
}

function damageOf(view: DatabaseView, listed: ListedBackup): string | null {
  if (candidateOf(listed, null) === null) return `is not complete: ${lackOf(listed)}`;
  if (view.ahead.has(listed.name)) return "is dated later than the clock of its store";
  if (isAmbiguous(listed)) return "stands for two backups, the runbook's file and one of dbops";
  return hasFailedProof(listed) ? "failed its last proof" : null;
}

function asideIn({ found }: ListedBackup): Backup["origin"] {
  const origins = found.map((one) => one.backup.origin);
  return origins.find((one) => one === "safety" || one === "forensic") ?? null;
}

/** What an incomplete backup lacks, as far as a listing tells. */
export function lackOf({ found }: ListedBackup): string {
  const [first] = found;
  if (first === undefined) return "nothing is listed";
  if (first.backup.layout === "classic")
    return "its file or its checksum is missing, or the file is too small for any dump";
  return first.backup.etag === null
    ? "it has no manifest, so it is in progress or was interrupted"
    : "it has a manifest, but not every object";
}

/** True when the latest proof of a backup in any store failed. */
export function hasFailedProof({ found }: ListedBackup): boolean {
  return latestProof(found.map((one) => one.backup))?.passed === false;
}

/** The latest proof of one backup, wherever it was noted; null: it has none. */
export function latestProof(backups: readonly Pick<Backup, "proofs">[]): Backup["proofs"][number] | null {
  const proofs = backups.flatMap((one) => one.proofs);
  return (
    proofs.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : Number(a.passed) - Number(b.passed)))[0] ??
    null
  );
}
