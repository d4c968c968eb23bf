import type { Backup } from "../model/backup.ts";
import type { Decision } from "../model/planned.ts";
import type { PruneTarget, Step } from "../model/step.ts";
import { railsOf } from "../policy/rails.ts";
import { byNewest, isScripts, renderRetention, type Verdict } from "../policy/retention.ts";
import { sizeRail } from "../policy/size-rail.ts";
import { completeIn, completeOf } from "../policy/union.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { copySteps } from "./copy-steps.ts";
import type { DatabaseView } from "./database-view.ts";
import { type Draft, joinDrafts } from "./draft.ts";
import { cleanUp } from "./leftovers.ts";
import { countOf, renderStaying, stampIn } from "./naming.ts";
import { newVerifyId } from "./new-backup.ts";
import { expectedListing, type Made, type StoreDecision } from "./store-decision.ts";

/** How retention is carried out in one operation. */
export interface RetainOptions {
  readonly made: Made | null;
  /** False: missing copies are only taken account of, not made. */
  readonly copying: boolean;
  /** Why nothing of this database is deleted anywhere; empty: nothing is against it. */
  readonly blockers: readonly string[];
  /** Why no restore point is deleted, while remains of unfinished work are. */
  readonly pointBlockers: readonly string[];
  readonly allowLargePrune: boolean;
}

/** Copies, deletions and cleaning for one database in all its readable stores, with a decision on every backup. */
export function retain(
  view: DatabaseView,
  decisions: readonly StoreDecision[],
  options: RetainOptions,
): Draft {
  const copies = options.copying ? decisions.flatMap((one) => missingCopySteps(view, one)) : [];
  const drafts = decisions.map((one) => {
    const pruning = prune(view, one, { decisions, options });
    return joinDrafts([pruning, cleanUp(view, one, options)]);
  });
  return joinDrafts([{ steps: copies, problems: [], notices: [], decisions: [] }, ...drafts]);
}

interface Scope {
  readonly decisions: readonly StoreDecision[];
  readonly options: RetainOptions;
}

/** A surplus backup with what stands against its deletion; null: nothing. */
interface Candidate {
  readonly backup: Backup;
  readonly target: Extract<PruneTarget, { type: "backup" }>;
  readonly against: string | null;
}

/** A deletion that is planned. */
interface Pruning {
  readonly scope: Scope;
  readonly candidate: Candidate;
  /** More than half of what will be here goes, because it is allowed. */
  readonly isLarge: boolean;
  /** At most half of what will be here goes, but more than half of what is here now. */
  readonly isScarce: boolean;
}

function missingCopySteps(view: DatabaseView, decision: StoreDecision): readonly Step[] {
  const { store } = decision.view;
  return decision.copies.flatMap((copy) =>
    copySteps(
      { database: view.database.name, from: copy.from, to: store },
      {
        backup: { existing: copy.name },
        suffix: `.${stampIn(copy.name)}`,
        layout: copy.layout,
        why: `missing in ${store}, which keeps it: ${copy.reasons.join(", ")}`,
        needs: [],
      },
    ),
  );
}

function prune(view: DatabaseView, decision: StoreDecision, scope: Scope): Draft {
  const { options } = scope;
  const candidates = railed(view, decision, scope);
  const open = candidates.filter((one) => one.against === null);
  const database = view.database.name;
  const { store } = decision.view;
  const expected = expectedListing(view, arriving(decision, options), options.made);
  const all = expected.backups.filter((one) => one.state === "complete");
  const pruned = open.map((one) => one.backup);
  const large = sizeRail({ database, store }, { pruned, all }, false);
  const tooLarge = options.allowLargePrune ? null : large;
  const now = { pruned, all: completeOf(decision.view) };
  const isScarce = large === null && sizeRail({ database, store }, now, false) !== null;
  const stop = tooLarge === null ? null : "it would be more than half of the backups here";
  const settled = candidates.map((one) => ({ ...one, against: one.against ?? stop }));
  const against = new Map(settled.map((one) => [one.backup.name, one.against]));
  return {
    steps: settled
      .filter((one) => one.against === null)
      .map((one) => pruneStep(view, decision, { scope, isLarge: large !== null, isScarce, candidate: one })),
    problems: tooLarge === null ? [] : [tooLarge],
    notices: heldBack(view, decision, candidates),
    decisions: [...standing(view, decision, against), ...missing(view, decision, options)],
  };
}

/** The surplus against blockers, copies that are still to be made from it, and the rails. */
function railed(view: DatabaseView, decision: StoreDecision, scope: Scope): readonly Candidate[] {
  const { options } = scope;
  const { view: store } = decision;
  const blocker = options.blockers[0] ?? options.pointBlockers[0];
  const expected = (one: StoreDecision) => ({
    store: one.view.store,
    retention: one.view.retention,
    clockAt: one.view.clockAt,
    listing: expectedListing(view, arriving(one, options), options.made),
  });
  const here = expected(decision);
  const rail = railsOf(here.listing, {
    ...here,
    environment: view.environment.name,
    database: view.database.name,
    others: scope.decisions.filter((one) => one !== decision).map(expected),
    leaseHolder: null,
  });
  const atLeast = store.retention.atLeast;
  return [...decision.surplus].sort(byNewest).map((backup) => {
    const expect = { etag: backup.etag ?? "", survivors: survivorsOf(decision, backup), atLeast };
    const target = { type: "backup", name: backup.name, expect } as const;
    const waiting = options.copying ? undefined : waitingFor(backup.name, decision, scope.decisions);
    const against = blocker ?? waiting ?? rail(target)?.detail ?? null;
    return { backup, target, against };
  });
}

/** The newest backups that are here and stay, as many as must be left; of what dbops made, only such. */
function survivorsOf(decision: StoreDecision, pruned: Backup): readonly string[] {
  const surplus = new Set(decision.surplus.map((one) => one.name));
  return completeOf(decision.view)
    .filter((one) => !surplus.has(one.name) && (isScripts(pruned) || !isScripts(one)))
    .sort(byNewest)
    .slice(0, Math.max(1, decision.view.retention.atLeast))
    .map((one) => one.name);
}

/** An operation that makes no copies leaves alone what other stores still have to get, or what stands in for a missing copy. */
function waitingFor(
  name: string,
  decision: StoreDecision,
  all: readonly StoreDecision[],
): string | undefined {
  if (decision.displaced.has(name)) return "newer backups have no copy here yet";
  const other = all.find((one) => one.copies.some((copy) => copy.name === name));
  return other === undefined ? undefined : `${other.view.store} keeps it and has no copy yet`;
}

function arriving(decision: StoreDecision, options: RetainOptions): StoreDecision {
  return options.copying ? decision : { ...decision, copies: [] };
}

function pruneStep(view: DatabaseView, decision: StoreDecision, one: Pruning): Step {
  const { backup, target } = one.candidate;
  const expect = one.isLarge ? { ...target.expect, allowLargePrune: true as const } : target.expect;
  const database = view.database.name;
  const { store } = decision.view;
  const classic = backup.layout === "classic" ? ".classic" : "";
  return {
    id: `${database}.prune.${store}.${stampIn(backup.name)}${classic}`,
    kind: "prune",
    effect: "destroy",
    why: `${whyPruned(decision, backup)}${renderStaying(backup.unknown)}`,
    needs: needsOf(view, decision, one),
    after: [],
    database,
    store,
    target: { ...target, expect },
  };
}

/**
 * The verify of the backup of this plan; the verify of every copy of this one that another store keeps; and, when it
 * is in surplus, or not more than half, only because of what comes into this store, the verify of all that comes.
 */
function needsOf(view: DatabaseView, decision: StoreDecision, one: Pruning): readonly string[] {
  const database = view.database.name;
  const { made } = one.scope.options;
  const { name } = one.candidate.backup;
  const here = decision.view.store;
  const needs = new Set<string>();
  if (made !== null) needs.add(newVerifyId(database, null));
  for (const other of one.scope.decisions)
    for (const copy of other.copies)
      if (copy.name === name) needs.add(verifyIdOf(database, other.view.store, copy.name));
  if (decision.displaced.has(name) || one.isScarce) {
    if (made !== null && made.store !== here && decision.made?.verdict === "keep")
      needs.add(newVerifyId(database, here));
    for (const copy of decision.copies) needs.add(verifyIdOf(database, here, copy.name));
  }
  return [...needs];
}

function verifyIdOf(database: string, store: string, name: string): string {
  return `${database}.verify.${store}.${stampIn(name)}`;
}

function whyPruned(decision: StoreDecision, backup: Backup): string {
  const reasons = decision.verdicts.get(backup.name)?.reasons ?? [];
  return reasons.join(", ") || `outside ${renderRetention(decision.view.retention)}`;
}

function heldBack(
  view: DatabaseView,
  decision: StoreDecision,
  candidates: readonly Candidate[],
): readonly Problem[] {
  const reasons = new Map<string, number>();
  for (const { against } of candidates)
    if (against !== null) reasons.set(against, (reasons.get(against) ?? 0) + 1);
  return [...reasons].map(([against, count]) =>
    problem(
      "PRUNE_REFUSED",
      `${countOf(count, "backup")} of ${view.database.name} in ${decision.view.store} ${count === 1 ? "is" : "are"} not deleted: ${against}`,
      {
        severity: "warning",
      },
    ),
  );
}

/** A decision on every complete backup that is here. */
function standing(
  view: DatabaseView,
  decision: StoreDecision,
  against: ReadonlyMap<string, string | null>,
): readonly Decision[] {
  const { store, ambiguous } = decision.view;
  return completeOf(decision.view).map((backup) => {
    const base = { database: view.database.name, store, name: backup.name };
    const verdict: Verdict | undefined = decision.verdicts.get(backup.name);
    if (view.ahead.has(backup.name))
      return { ...base, verdict: "keep", reasons: ["dated in the future"] } as const;
    if (ambiguous.has(backup.name))
      return { ...base, verdict: "keep", reasons: ["two backups have this name"] } as const;
    const reasons = verdict?.reasons ?? ["it is not in the observation"];
    const obstacle = against.get(backup.name);
    if (obstacle === undefined) return { ...base, verdict: "keep", reasons } as const;
    if (obstacle === null) return { ...base, verdict: "prune", reasons } as const;
    return { ...base, verdict: "keep", reasons: [...reasons, `not deleted: ${obstacle}`] } as const;
  });
}

function missing(view: DatabaseView, decision: StoreDecision, options: RetainOptions): readonly Decision[] {
  if (!options.copying) return [];
  return decision.copies
    .filter((copy) => completeIn(decision.view, copy.name) === null)
    .map((copy) => ({
      database: view.database.name,
      store: decision.view.store,
      name: copy.name,
      verdict: "copy",
      reasons: copy.reasons,
    }));
}
