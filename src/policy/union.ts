import type { Backup } from "../model/backup.ts";
import type { Retention } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { Listing } from "../model/observation.ts";
import { isDatedAhead } from "./clock.ts";
import { decideRetention, lastProven, type RestorePoint, type Verdict } from "./retention.ts";

/** What one readable store holds of one database. */
export interface StoreContent {
  readonly store: string;
  /** The policy of the database in this store; null: it has none (an orphan). */
  readonly retention: Retention | null;
  /** The store's clock at the listing. */
  readonly clockAt: Instant;
  /** The complete backup, or else the incomplete one, of each name. */
  readonly byName: ReadonlyMap<string, Backup>;
}

/** One store's listing of one database, as fresh as its clock. */
export interface StoreListing extends Pick<StoreContent, "store" | "retention" | "clockAt"> {
  readonly listing: Listing;
}

/** What a store that keeps a backup by its own policy has of it. */
export interface Keeper {
  readonly store: string;
  /** `damaged`: a manifest, or the runbook's file, but not all that belongs to it. */
  readonly state: "complete" | "missing" | "damaged";
  readonly reasons: readonly string[];
}

/** What listings tell; of one that is not whole, nothing. */
export function contentsOf(listings: readonly StoreListing[]): readonly StoreContent[] {
  return listings.map(({ store, retention, clockAt, listing }) => {
    const backups = listing.state === "listed" ? listing.backups : [];
    return { store, retention, clockAt, byName: byNameOf(backups) };
  });
}

/** The complete backup, or else the incomplete one, of each name. */
export function byNameOf(backups: readonly Backup[]): ReadonlyMap<string, Backup> {
  const byName = new Map<string, Backup>();
  for (const backup of backups) {
    const other = byName.get(backup.name);
    if (other === undefined || other.state === "incomplete") byName.set(backup.name, backup);
  }
  return byName;
}

/** Complete backups of one store, each name once, in the order of the listing. */
export function completeOf(content: Pick<StoreContent, "byName">): readonly Backup[] {
  return [...content.byName.values()].filter((one) => one.state === "complete");
}

/** The complete backup of this name in this store, or null. */
export function completeIn(content: Pick<StoreContent, "byName">, name: string): Backup | null {
  const backup = content.byName.get(name);
  return backup?.state === "complete" ? backup : null;
}

/** Names of complete backups that are dated later than the clock of a store that has them. */
export function aheadOf(stores: readonly Pick<StoreContent, "byName" | "clockAt">[]): ReadonlySet<string> {
  return new Set(
    stores.flatMap((store) =>
      completeOf(store)
        .filter((one) => isDatedAhead(one.at, store.clockAt))
        .map((one) => one.name),
    ),
  );
}

/** A backup as retention sees it, with the holds and proofs that any store has of it. */
export function pointOf(stores: readonly Pick<StoreContent, "byName">[], backup: Backup): RestorePoint {
  const everywhere = stores.flatMap((store) => store.byName.get(backup.name) ?? []);
  return {
    name: backup.name,
    at: backup.at,
    layout: backup.layout,
    origin: backup.origin,
    holds: [...new Set(everywhere.flatMap((one) => one.holds))].sort(),
    proofs: everywhere.flatMap((one) => one.proofs),
  };
}

/**
 * What the policy of one store is put to, newest first: its own complete backups, and those of the other stores that
 * can be copied into it. `stores` are all of them, this one included. Backups dated in the future are left out.
 */
export function pointsFor(
  stores: readonly Pick<StoreContent, "byName" | "clockAt">[],
  store: Pick<StoreContent, "byName">,
): readonly RestorePoint[] {
  const points = new Map<string, RestorePoint>();
  for (const backup of completeOf(store)) points.set(backup.name, pointOf(stores, backup));
  for (const other of stores) {
    for (const backup of completeOf(other)) {
      if (points.has(backup.name) || !canCopy(backup, store)) continue;
      points.set(backup.name, pointOf(stores, backup));
    }
  }
  for (const name of aheadOf(stores)) points.delete(name);
  return [...points.values()].sort((a, b) => (a.name < b.name ? 1 : -1));
}

/** The last proven backup of all stores, whichever of them has the proof; null when none has one. */
export function provenIn(stores: readonly Pick<StoreContent, "byName">[]): string | null {
  const points = stores.flatMap((one) => completeOf(one).map((backup) => pointOf(stores, backup)));
  return lastProven(points)?.name ?? null;
}

/** The verdicts of one store on points, by name; `provenName` is the last proven backup of all stores. */
export function verdictsOf(
  content: { readonly retention: Retention; readonly clockAt: Instant },
  points: readonly RestorePoint[],
  provenName: string | null,
): ReadonlyMap<string, Verdict> {
  const verdicts = decideRetention(points, content.retention, { now: content.clockAt, provenName });
  return new Map(verdicts.map((verdict) => [verdict.name, verdict]));
}

/**
 * Tells, for a backup of `here`, which of the other stores keep it by their own policy, and what they have of it. The
 * policy is put to the union of all stores. A damaged copy counts as one: it must not cost the whole one its life.
 */
export function keepersIn(
  stores: readonly StoreContent[],
  here: string,
): (backup: Backup) => readonly Keeper[] {
  const provenName = provenIn(stores);
  const others = stores.flatMap(({ retention, ...content }) => {
    if (content.store === here || retention === null) return [];
    const judge = (points: readonly RestorePoint[]) =>
      verdictsOf({ ...content, retention }, points, provenName);
    const points = pointsFor(stores, content);
    return [{ content, points, judge, verdicts: judge(points) }];
  });
  return (backup) =>
    others.flatMap(({ content, points, judge, verdicts }) => {
      const there = content.byName.get(backup.name);
      const state = stateOf(there);
      const judged = state === "damaged" ? judge([...points, pointOf(stores, backup)]) : verdicts;
      const verdict = judged.get(backup.name);
      if (verdict?.verdict !== "keep" || !(state === "complete" || verdict.ruled)) return [];
      return [{ store: content.store, state, reasons: verdict.reasons }];
    });
}

function stateOf(there: Backup | undefined): Keeper["state"] {
  if (there?.state === "complete") return "complete";
  return there === undefined || there.etag === null ? "missing" : "damaged";
}

/**
 * Backups without an origin, which the files of the old scripts are, stay where they are, and a damaged backup (a manifest without
 * all its objects) is not written over. What cannot come here must not displace what is here.
 */
function canCopy(backup: Backup, to: Pick<StoreContent, "byName">): boolean {
  if (backup.origin === null) return false;
  const there = to.byName.get(backup.name);
  if (there === undefined) return true;
  // A file without its checksum is what a copy that broke off leaves; the copy that goes on compares its bytes.
  return there.layout === backup.layout && (backup.layout === "classic" || there.etag === null);
}
