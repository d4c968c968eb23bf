import type { Backup } from "../model/backup.ts";
import type { Retention } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import { parseBackupName } from "../model/layout.ts";
import type { Listing } from "../model/observation.ts";
import type { PruneTarget } from "../model/step.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { isAbandoned, isLeftover, isOwnUpload, isUploading } from "./remains.ts";
import { decideRetention, isScripts } from "./retention.ts";
import {
  aheadOf,
  contentsOf,
  type Keeper,
  keepersIn,
  pointOf,
  provenIn,
  type StoreContent,
  type StoreListing,
} from "./union.ts";

/** What the rails are judged against, besides the listing. */
export interface RailContext {
  /** Name of the environment. */
  readonly environment: string;
  readonly database: string;
  readonly store: string;
  /** The policy of this database in this store; null: the database is in no file (an orphan). */
  readonly retention: Retention | null;
  /** The store's clock at the listing. */
  readonly clockAt: Instant;
  /** Every other store of this database; of an orphan, every other store of the environment. */
  readonly others: readonly StoreListing[];
  /** Who holds the backup lease of this database now; null: nobody, or it was not asked (planning reads no object). */
  readonly leaseHolder: string | null;
}

/**
 * The rails of one store: gives, for each target, why it must not be deleted, or null. The planner asks with the
 * listings that its plan will bring about, apply asks again under the lock with fresh ones. Whatever the file says:
 * never below `atLeast` (and never the last one), never one in progress, one of another environment or database, never
 * while a listing of any of its stores is not whole, never one that is held in any store, or the last proven one of all
 * of them. Fresh listings are also put to the policies again, because time has passed: what this store would keep is
 * not deleted, nor what another one keeps and does not have whole.
 * A target that is not listed any more, and the rest of a backup whose manifest is gone, are no concern of the rails.
 */
export function railsOf(listing: Listing, context: RailContext): (target: PruneTarget) => Problem | null {
  if (listing.state === "unreadable")
    return (target) => refused(target, `the listing of ${context.store} is not whole`);
  for (const { store, listing } of context.others)
    if (listing.state === "unreadable")
      return (target) => refused(target, `${store} cannot be looked at: ${listing.problem.detail}`);
  const view = viewOf(listing, context);
  return (target) => {
    if (target.type === "upload") return uploadRail(view, target);
    const foreign = foreignRail(context, target);
    if (foreign !== null) return foreign;
    const backup = ofTarget(listing.backups, target);
    if (backup === undefined) return null;
    const held = heldRail(view, { target, backup });
    if (held !== null) return held;
    switch (target.type) {
      case "leftover":
        return leftoverRail(view, { target, backup });
      case "orphan":
        return changedRail(backup, target) ?? progressRail(view, { target, backup });
      case "backup":
        return changedRail(backup, target) ?? backupRail(view, { target, backup });
    }
  };
}

type BackupTarget = Extract<PruneTarget, { type: "backup" }>;
type LeftoverTarget = Extract<PruneTarget, { type: "leftover" }>;
type Etagged = Extract<PruneTarget, { type: "backup" | "orphan" }>;

interface View {
  readonly listing: Extract<Listing, { state: "listed" }>;
  readonly context: RailContext;
  readonly complete: ReadonlySet<string>;
  /** Of the complete ones, those that dbops made: what the scripts left makes no deletion of them safe. */
  readonly own: ReadonlySet<string>;
  readonly aheadName: string | null;
  readonly provenName: string | null;
  /** Why the policy keeps a backup here, by name. */
  readonly kept: ReadonlyMap<string, readonly string[]>;
  /** What each store has, this one first. */
  readonly stores: readonly StoreContent[];
  readonly keepers: (backup: Backup) => readonly Keeper[];
}

function viewOf(listing: Extract<Listing, { state: "listed" }>, context: RailContext): View {
  const stores = contentsOf([{ ...context, listing }, ...context.others]);
  const complete = listing.backups.filter((one) => one.state === "complete");
  const points = complete.map((one) => pointOf(stores, one));
  const provenName = provenIn(stores);
  const at = { now: context.clockAt, provenName };
  const verdicts = context.retention === null ? [] : decideRetention(points, context.retention, at);
  return {
    listing,
    context,
    complete: new Set(complete.map((one) => one.name)),
    own: new Set(complete.filter((one) => !isScripts(one)).map((one) => one.name)),
    aheadName: [...aheadOf(stores)].sort()[0] ?? null,
    provenName,
    kept: new Map(verdicts.filter((one) => one.verdict === "keep").map((one) => [one.name, one.reasons])),
    stores,
    keepers: keepersIn(stores, context.store),
  };
}

/**
 * The backup that a target means, where a folder and the runbook's file share its name: the one with the etag that was
 * reviewed, else what is left of it after a deletion that broke off behind its first object.
 */
function ofTarget(
  backups: readonly Backup[],
  target: Exclude<PruneTarget, { type: "upload" }>,
): Backup | undefined {
  const named = backups.filter((one) => one.name === target.name);
  if (target.type === "leftover") return named.find((one) => one.layout === "directory");
  const { etag } = target.expect;
  return named.find((one) => one.etag === etag) ?? named.find((one) => one.etag === null) ?? named[0];
}

/** A hold in any store holds the backup in all of them; what is left over of an unfinished copy is no backup. */
function heldRail(view: View, { target, backup }: { readonly target: PruneTarget; readonly backup: Backup }) {
  if (backup.holds.length > 0) return refused(target, `it is held (${backup.holds.join(", ")})`);
  if (target.type === "leftover") return null;
  const held = view.stores.find((one) => (one.byName.get(backup.name)?.holds ?? []).length > 0);
  if (held === undefined) return null;
  const holds = held.byName.get(backup.name)?.holds ?? [];
  return refused(target, `it is held in ${held.store} (${holds.join(", ")})`);
}

function foreignRail(context: RailContext, target: Exclude<PruneTarget, { type: "upload" }>): Problem | null {
  const parts = parseBackupName(target.name);
  if (parts?.environment !== context.environment || parts.database !== context.database)
    return refused(target, `it is no backup of ${context.database} in ${context.environment}`);
  if (target.type === "orphan" && context.retention !== null)
    return refused(target, `${context.database} is in the environment file`);
  if (target.type === "backup" && context.retention === null)
    return refused(target, `${context.database} is in no environment file`);
  return null;
}

/** A manifest that is gone is the trace of this very deletion, broken off; another one is not what was reviewed. */
function changedRail(backup: Backup, target: Etagged): Problem | null {
  if (backup.etag === null || backup.etag === target.expect.etag) return null;
  return stale(target, `its etag is ${backup.etag}, the plan expects ${target.expect.etag}`);
}

function progressRail(
  view: View,
  at: { readonly target: PruneTarget; readonly backup: Backup },
): Problem | null {
  if (!isUploading(at.backup, view.listing, view.context.clockAt)) return null;
  return refused(at.target, "it is in progress");
}

function backupRail(
  view: View,
  at: { readonly target: BackupTarget; readonly backup: Backup },
): Problem | null {
  const { target, backup } = at;
  const busy = progressRail(view, at);
  if (busy !== null) return busy;
  if (view.aheadName !== null) return refused(target, `${view.aheadName} is dated in the future`);
  if (view.provenName === target.name) return refused(target, "it is the last proven one");
  const counted = isScripts(backup) ? view.complete : view.own;
  const gone = target.expect.survivors.filter((name) => !counted.has(name));
  if (gone.length > 0) return stale(target, `the plan relies on ${gone.join(", ")}, which is not there`);
  const left = counted.size - (backup.state === "complete" ? 1 : 0);
  const needed = Math.max(1, target.expect.atLeast, view.context.retention?.atLeast ?? 0);
  if (left < needed) return refused(target, `${left} backups would be left, at least ${needed} have to`);
  const reasons = backup.state === "complete" ? view.kept.get(target.name) : undefined;
  if (reasons !== undefined) return stale(target, `the policy keeps it now: ${reasons.join(", ")}`);
  const without = view.keepers(backup).find((one) => one.state !== "complete");
  return without === undefined ? null : refused(target, describeKeeper(without));
}

function describeKeeper({ store, state, reasons }: Keeper): string {
  const has = state === "damaged" ? "its copy there is damaged" : "it has none there";
  return `${store} keeps it (${reasons.join(", ")}), but ${has}`;
}

function leftoverRail(
  view: View,
  at: { readonly target: LeftoverTarget; readonly backup: Backup },
): Problem | null {
  const { target, backup } = at;
  if (backup.state === "complete" || backup.etag !== null) return stale(target, "it has a manifest now");
  if (msOf(backup.modifiedAt) > msOf(target.expect.modifiedAt))
    return stale(target, `it was written to at ${backup.modifiedAt}`);
  if (backup.unknown !== undefined)
    return refused(target, `it holds what dbops does not know: ${backup.unknown.join(", ")}`);
  if (!isLeftover(backup, view.listing, view.context.clockAt)) return refused(target, "it is in progress");
  return leaseRail(view, target);
}

function uploadRail(view: View, target: Extract<PruneTarget, { type: "upload" }>): Problem | null {
  const upload = view.listing.uploads.find((one) => one.key === target.key && one.id === target.id);
  if (upload === undefined) return null;
  if (!isOwnUpload(upload, view.context)) return refused(target, "it is no object of dbops");
  if (!isAbandoned(upload.startedAt, view.context.clockAt)) return refused(target, "it is in progress");
  return leaseRail(view, target);
}

/** Age alone tells nothing of a slow upload: while the lease is held, somebody may still be at it. */
function leaseRail({ context }: View, target: PruneTarget): Problem | null {
  if (context.leaseHolder === null) return null;
  return refused(
    target,
    `it may be in progress: ${context.database} is being backed up by ${context.leaseHolder}`,
  );
}

function refused(target: PruneTarget, why: string): Problem {
  return problem("PRUNE_REFUSED", `${nameOf(target)} is not deleted: ${why}`);
}

function stale(target: PruneTarget, why: string): Problem {
  return problem("PLAN_STALE", `${nameOf(target)} is not deleted: ${why}`, { fix: "plan again" });
}

function nameOf(target: PruneTarget): string {
  return target.type === "upload" ? target.key : target.name;
}
