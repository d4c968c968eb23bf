import type { Backup } from "../model/backup.ts";
import type { Environment } from "../model/environment.ts";
import type { Observation } from "../model/observation.ts";
import type { Decision } from "../model/planned.ts";
import type { PruneTarget, Step } from "../model/step.ts";
import { type RailContext, railsOf } from "../policy/rails.ts";
import { isLeftover } from "../policy/remains.ts";
import { sizeRail } from "../policy/size-rail.ts";
import { fail } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { aheadProblems, blockersOf } from "./converge.ts";
import { type DatabaseView, lookAt, type StoreView } from "./database-view.ts";
import { type Draft, joinDrafts, NOTHING } from "./draft.ts";
import { abandonedUploads, leftoverStep } from "./leftovers.ts";
import { countOf, renderStaying, stampIn } from "./naming.ts";
import { retain } from "./retain.ts";
import { decideStore } from "./store-decision.ts";

/** Deletions and cleaning alone: makes no backup and no copy, and leaves alone what a missing copy would need. */
export function pruneDatabase(view: DatabaseView, options: { readonly allowLargePrune: boolean }): Draft {
  const decisions = view.stores.map((store) => decideStore(view, store, null));
  return joinDrafts([
    { ...NOTHING, problems: aheadProblems(view) },
    retain(view, decisions, {
      made: null,
      copying: false,
      blockers: blockersOf(view),
      pointBlockers: [],
      allowLargePrune: options.allowLargePrune,
    }),
  ]);
}

/** Names of databases that are in a store and in no file, sorted. */
export function orphansIn(environment: Environment, observation: Observation): readonly string[] {
  const declared = new Set(environment.databases.map((one) => one.name));
  const listed = Object.values(observation.stores).flatMap((one) =>
    one.state === "readable" ? Object.entries(one.listings) : [],
  );
  const found = listed.filter(([, listing]) => listing.state === "unreadable" || listing.backups.length > 0);
  return [...new Set(found.map(([name]) => name))].filter((name) => !declared.has(name)).sort();
}

/** Shows orphaned backups, and those of declared databases in stores that the database does not use any more. */
export function reportOrphans(environment: Environment, observation: Observation): Draft {
  const decisions: Decision[] = [];
  for (const store of Object.keys(observation.stores).sort()) {
    const seen = observation.stores[store];
    if (seen?.state !== "readable") continue;
    for (const database of Object.keys(seen.listings).sort()) {
      const why = whyOrphaned(environment, database, store);
      const listing = seen.listings[database];
      if (why === null || listing?.state !== "listed") continue;
      for (const { name } of listing.backups)
        decisions.push({ database, store, name, verdict: "orphaned", reasons: [why] });
    }
  }
  return { ...NOTHING, decisions, notices: orphanNotices(environment, decisions) };
}

/**
 * Deletes all backups of a database that is in no file, because it was asked for by name: only held ones, ones in
 * progress and those of another environment stay. Throws USAGE when the database is in the file, BACKUP_UNKNOWN when
 * no store has any backup of it.
 */
export function pruneOrphan(
  environment: Environment,
  observation: Observation,
  request: { readonly orphan: string; readonly allowLargePrune: boolean },
): Draft {
  const { orphan, allowLargePrune } = request;
  if (environment.databases.some((one) => one.name === orphan))
    fail("USAGE", `${orphan} is in ${environment.file}; its backups follow its retention`, {
      fix: `dbops plan ${environment.name} prune ${orphan}`,
    });
  const orphans = orphansIn(environment, observation);
  const readable = Object.values(observation.stores).every((one) => one.state === "readable");
  if (readable && !orphans.includes(orphan)) {
    const known = orphans.length === 0 ? "there are none" : `orphaned are ${orphans.join(", ")}`;
    fail("BACKUP_UNKNOWN", `no store has a backup of ${orphan}; ${known}`);
  }
  const looks = environment.stores.map(({ name }) => ({ store: name, ...lookAt(observation, name, orphan) }));
  const unread = looks.filter((one) => one.state === "unreadable");
  if (unread.length > 0) {
    const stores = unread.map((one) => one.store).join(", ");
    const detail = `nothing of ${orphan} is deleted: ${stores} cannot be read`;
    return { ...NOTHING, problems: unread.map((one) => one.problem), notices: [withheld(detail)] };
  }
  const listed = looks.filter((one) => one.state === "listed");
  return joinDrafts(
    listed.map((one) => {
      const others = listed.filter((other) => other !== one).map((other) => ({ ...other, retention: null }));
      return orphanInStore(environment, one, { database: orphan, allowLargePrune, others });
    }),
  );
}

function orphanInStore(
  environment: Environment,
  at: Pick<StoreView, "store" | "clockAt" | "listing">,
  request: {
    readonly database: string;
    readonly allowLargePrune: boolean;
    readonly others: RailContext["others"];
  },
): Draft {
  const { database, allowLargePrune, others } = request;
  const { store, clockAt, listing } = at;
  const of = { environment: environment.name, database, store, retention: null };
  const rail = railsOf(listing, { ...of, clockAt, others, leaseHolder: null });
  const complete = listing.backups.filter((one) => one.state === "complete");
  const judged = complete.map((backup) => ({ backup, against: rail(orphanTarget(backup, false)) }));
  const open = judged.filter((one) => one.against === null).map((one) => one.backup);
  const large = sizeRail({ database, store }, { pruned: open, all: complete }, false);
  const tooLarge = allowLargePrune ? null : large;
  const leftovers = listing.backups.filter(
    (one) => one.holds.length === 0 && isLeftover(one, listing, clockAt),
  );
  const against = judged.flatMap((one) => (one.against === null ? [] : [withheld(one.against.detail)]));
  return {
    steps: [
      ...(tooLarge === null
        ? open.map((backup) => orphanStep(database, store, { backup, isLarge: large !== null }))
        : []),
      ...leftovers.map((backup) => leftoverStep(database, store, backup)),
      ...abandonedUploads({ environment: environment.name, database }, at),
    ],
    problems: tooLarge === null ? [] : [tooLarge],
    notices: against,
    decisions: [],
  };
}

function orphanTarget(backup: Backup, isLarge: boolean): PruneTarget {
  const large = isLarge ? { allowLargePrune: true as const } : {};
  return { type: "orphan", name: backup.name, expect: { etag: backup.etag ?? "", ...large } };
}

function orphanStep(
  database: string,
  store: string,
  { backup, isLarge }: { readonly backup: Backup; readonly isLarge: boolean },
): Step {
  const classic = backup.layout === "classic" ? ".classic" : "";
  return {
    id: `${database}.prune.${store}.${stampIn(backup.name)}${classic}`,
    kind: "prune",
    effect: "destroy",
    why: `its database is in no file, and it was asked for${renderStaying(backup.unknown)}`,
    needs: [],
    after: [],
    database,
    store,
    target: orphanTarget(backup, isLarge),
  };
}

function whyOrphaned(environment: Environment, database: string, store: string): string | null {
  const declared = environment.databases.find((one) => one.name === database);
  if (declared === undefined) return `${database} is in no file`;
  const used = declared.backup.stores.some((one) => one.store === store);
  return used ? null : `${database} does not use ${store} any more`;
}

function orphanNotices(environment: Environment, decisions: readonly Decision[]): readonly Problem[] {
  const groups = Map.groupBy(decisions, (one) => `${one.database} in ${one.store}`);
  return [...groups].map(([where, group]) => {
    const first = group[0];
    const declared = environment.databases.some((one) => one.name === first?.database);
    const fix = declared ? undefined : `dbops plan ${environment.name} prune --orphan ${first?.database}`;
    const detail = `${countOf(group.length, "backup")} of ${where}: ${first?.reasons.join(", ")}; nothing is done to them`;
    return problem("ORPHANED", detail, { severity: "warning", fix });
  });
}

function withheld(detail: string): Problem {
  return problem("PRUNE_REFUSED", detail, { severity: "warning" });
}
