import type { Backup, Origin } from "../model/backup.ts";
import type { Retention } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import { dayOf, monthOf, renderDuration, weekOf, yearOf } from "./calendar.ts";

/** A complete backup as retention sees it, wherever it is stored. */
export interface RestorePoint {
  readonly name: string;
  readonly at: Instant;
  readonly layout: Backup["layout"];
  readonly origin: Origin | null;
  readonly holds: readonly string[];
  readonly proofs: Backup["proofs"];
}

/** What happens to one restore point and every reason for it. */
export interface Verdict {
  readonly name: string;
  readonly verdict: "keep" | "prune";
  /** For people: `within 2d`, `daily 3 of 30`, `held: incident-42`. Never empty. */
  readonly reasons: readonly string[];
  /** True when the policy wants it, false when it is only protected (held, last proven, of unknown origin). */
  readonly ruled: boolean;
}

/** From where retention looks at the restore points of one store. */
export interface Standpoint {
  /** The store's clock; it only ages what no schedule made. */
  readonly now: Instant;
  /**
   * The last proven one of all stores; null: none is. It is never the last proven one of a single store: proofs are
   * not copied, so a deletion in one store could change what another one has to keep.
   */
  readonly provenName: string | null;
}

/**
 * Decides which restore points one store keeps; the answer has the order of `points`. Points dated in the future have
 * been left out by the caller.
 *
 * As restic does: for each rule the newest point of each of the N newest buckets that have any, so a point may serve
 * several rules. `within` counts back from the newest *scheduled* point: a forced backup must not push scheduled ones
 * out. A backup that lost its origin marker fills no bucket and is kept. `atLeast` counts every complete point; the newest
 * one is kept whatever the file says.
 *
 * The scripts' files count as scheduled, because their cron made them, and stand behind dbops' own backups: they are put to
 * the rules together with those, and those alone. So a file of which nothing tells how it was made displaces none of dbops'.
 * Adding points never turns a verdict from prune to keep, and removing pruned ones changes no verdict.
 */
export function decideRetention(
  points: readonly RestorePoint[],
  retention: Retention,
  at: Standpoint,
): readonly Verdict[] {
  const newestFirst = [...points].sort(byNewest);
  const own = policyOf(
    newestFirst.filter((point) => !isScripts(point)),
    retention,
    at.now,
  );
  const together = policyOf(newestFirst, retention, at.now);
  const protection = protectionOf(newestFirst, at.provenName);
  return points.map((point) => {
    const ruled = (isScripts(point) ? together : own).of(point);
    const reasons = [...ruled, ...protection.of(point)];
    if (reasons.length > 0)
      return { name: point.name, verdict: "keep", reasons, ruled: ruled.length > 0 } as const;
    return { name: point.name, verdict: "prune", reasons: [whyNot(point, retention)], ruled: false } as const;
  });
}

function policyOf(newestFirst: readonly RestorePoint[], retention: Retention, now: Instant): Reasons {
  const scheduled = newestFirst.filter(isScheduled);
  const policy = new Reasons();
  if (!hasRule(retention)) for (const point of newestFirst) policy.add(point, "no retention rule is set");
  addWithin(policy, scheduled, retention.withinMs);
  for (const rule of BUCKETS) addBuckets(policy, scheduled, { ...rule, count: retention[rule.name] });
  addOthers(policy, newestFirst, { retention, now });
  addAtLeast(policy, newestFirst, Math.max(1, retention.atLeast));
  return policy;
}

/** True for backups that fill retention buckets. */
export function isScheduled(point: Pick<RestorePoint, "layout" | "origin">): boolean {
  return isScripts(point) || point.origin === "scheduled";
}

/** True for a file of the runbook's layout that dbops did not write: it makes the deletion of none of dbops' own backups safe. */
export function isScripts(point: Pick<RestorePoint, "layout" | "origin">): boolean {
  return point.layout === "classic" && point.origin === null;
}

/**
 * True for backups that cover slots. The scripts' files do not: dbops' own first backup must not wait because the old cron job
 * still runs, and an empty file of it must not stand for one.
 */
export function coversSlots(point: Pick<RestorePoint, "origin">): boolean {
  return point.origin === "scheduled";
}

/** True when some rule says which scheduled backups are kept; without one all are. */
export function hasRule(retention: Retention): boolean {
  return retention.withinMs !== null || BUCKETS.some(({ name }) => retention[name] > 0);
}

/** The newest restore point whose latest proof passed; null when none has one. */
export function lastProven<P extends Pick<RestorePoint, "name" | "at" | "proofs">>(
  points: readonly P[],
): P | null {
  const proven = points.filter((point) => {
    const latest = [...point.proofs].sort((a, b) => msOf(a.at) - msOf(b.at)).at(-1);
    return latest?.passed === true;
  });
  return proven.sort(byNewest)[0] ?? null;
}

/** Newest first; of equal instants the greater name. */
export function byNewest(
  a: { readonly at: Instant; readonly name: string },
  b: { readonly at: Instant; readonly name: string },
): number {
  if (a.at !== b.at) {
    if (a.at.length === b.at.length) return a.at < b.at ? 1 : -1; // one precision: the text sorts as the time does
    return msOf(b.at) - msOf(a.at);
  }
  return a.name === b.name ? 0 : a.name < b.name ? 1 : -1;
}

type BucketRule = { readonly name: "daily" | "weekly" | "monthly" | "yearly"; of(at: Instant): string };

const BUCKETS: readonly BucketRule[] = [
  { name: "daily", of: dayOf },
  { name: "weekly", of: weekOf },
  { name: "monthly", of: monthOf },
  { name: "yearly", of: yearOf },
];

/** Reasons by name, in the order they were given. */
class Reasons {
  readonly #byName = new Map<string, string[]>();

  add(point: RestorePoint, reason: string): void {
    const reasons = this.#byName.get(point.name);
    if (reasons === undefined) this.#byName.set(point.name, [reason]);
    else reasons.push(reason);
  }

  of(point: RestorePoint): readonly string[] {
    return this.#byName.get(point.name) ?? [];
  }
}

function addWithin(reasons: Reasons, scheduled: readonly RestorePoint[], withinMs: number | null): void {
  const newest = scheduled[0];
  if (newest === undefined || withinMs === null) return;
  const sinceMs = msOf(newest.at) - withinMs;
  for (const point of scheduled)
    if (msOf(point.at) >= sinceMs) reasons.add(point, `within ${renderDuration(withinMs)}`);
}

function addBuckets(
  reasons: Reasons,
  scheduled: readonly RestorePoint[],
  rule: BucketRule & { readonly count: number },
): void {
  let last: string | null = null;
  let filled = 0;
  for (const point of scheduled) {
    if (filled === rule.count) return;
    const bucket = rule.of(point.at);
    if (bucket === last) continue;
    last = bucket;
    filled += 1;
    reasons.add(point, `${rule.name} ${filled} of ${rule.count}`);
  }
}

function addOthers(
  reasons: Reasons,
  newestFirst: readonly RestorePoint[],
  at: { readonly retention: Retention; readonly now: Instant },
): void {
  const sinceMs = msOf(at.now) - at.retention.keepOthersMs;
  for (const point of newestFirst) {
    if (isScheduled(point) || point.origin === null || msOf(point.at) < sinceMs) continue;
    reasons.add(point, `${point.origin}, kept ${renderDuration(at.retention.keepOthersMs)}`);
  }
}

function addAtLeast(reasons: Reasons, newestFirst: readonly RestorePoint[], atLeast: number): void {
  for (const point of newestFirst.slice(0, atLeast)) reasons.add(point, `at least ${atLeast}`);
}

function protectionOf(points: readonly RestorePoint[], provenName: string | null): Reasons {
  const reasons = new Reasons();
  for (const point of points) {
    for (const hold of [...point.holds].sort()) reasons.add(point, `held: ${hold}`);
    if (point.name === provenName) reasons.add(point, "last proven");
    if (point.layout === "directory" && point.origin === null) reasons.add(point, "its origin is not known");
  }
  return reasons;
}

function whyNot(point: RestorePoint, retention: Retention): string {
  if (isScheduled(point)) return `no rule covers it: outside ${renderRetention(retention)}`;
  return `${point.origin}, older than ${renderDuration(retention.keepOthersMs)}`;
}

/** The rules that are set, as people read them: `within 2d, daily 30`. */
export function renderRetention(retention: Retention): string {
  const within = retention.withinMs === null ? [] : [`within ${renderDuration(retention.withinMs)}`];
  const buckets = BUCKETS.filter(({ name }) => retention[name] > 0).map(
    ({ name }) => `${name} ${retention[name]}`,
  );
  return [...within, ...buckets].join(", ");
}
