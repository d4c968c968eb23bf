import type { Backup } from "../model/backup.ts";
import type { UnfinishedUpload } from "../model/observation.ts";
import type { Decision } from "../model/planned.ts";
import type { Step } from "../model/step.ts";
import { isAbandoned, isLeftover, isOwnUpload } from "../policy/remains.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { DatabaseView, StoreView } from "./database-view.ts";
import type { Draft } from "./draft.ts";
import { renderInstant, renderUnknown, stampIn } from "./naming.ts";
import type { RetainOptions } from "./retain.ts";
import type { StoreDecision } from "./store-decision.ts";

/**
 * Clears away what unfinished work left in one store. It needs no backup first: it is no restore point. A store gets
 * its space back this way, but not one that is full to the last byte while it keeps the records: the plan and the
 * journal have to be written before anything is deleted. What a copy of this plan is going to complete stays.
 */
export function cleanUp(view: DatabaseView, decision: StoreDecision, options: RetainOptions): Draft {
  const { view: store } = decision;
  const completed = new Set(options.copying ? decision.copies.map((one) => one.name) : []);
  const incomplete = [...store.byName.values()].filter(
    (one) => one.state === "incomplete" && !completed.has(one.name),
  );
  const of = { environment: view.environment.name, database: view.database.name };
  const seen = incomplete.map((backup) => look(view, store, { backup, blocker: options.blockers[0] }));
  const uploads = options.blockers.length > 0 ? [] : abandonedUploads(of, store);
  return {
    steps: [...seen.flatMap((one) => one.steps), ...uploads],
    problems: seen.flatMap((one) => one.remarks.filter((remark) => remark.severity === "error")),
    notices: seen.flatMap((one) => one.remarks.filter((remark) => remark.severity === "warning")),
    decisions: seen.map((one) => one.decision),
  };
}

/** Steps that discard the uploads of one database in one store which nobody finished in a day. */
export function abandonedUploads(
  of: { readonly environment: string; readonly database: string },
  store: Pick<StoreView, "store" | "listing" | "clockAt">,
): readonly Step[] {
  const abandoned = store.listing.uploads.filter(
    (one) => isAbandoned(one.startedAt, store.clockAt) && isOwnUpload(one, of),
  );
  const sorted = [...abandoned].sort((a, b) => (a.key + a.id < b.key + b.id ? -1 : 1));
  return sorted.map((upload, index) => uploadStep(of.database, store.store, { upload, number: index + 1 }));
}

/** The step that removes a folder without a manifest. */
export function leftoverStep(database: string, store: string, backup: Backup): Step {
  return {
    id: `${database}.prune.${store}.${stampIn(backup.name)}.leftover`,
    kind: "prune",
    effect: "destroy",
    why: `no manifest, untouched since ${renderInstant(backup.modifiedAt)}`,
    needs: [],
    after: [],
    database,
    store,
    target: { type: "leftover", name: backup.name, expect: { modifiedAt: backup.modifiedAt } },
  };
}

function uploadStep(
  database: string,
  store: string,
  at: { readonly upload: UnfinishedUpload; readonly number: number },
): Step {
  const { key, id, startedAt } = at.upload;
  return {
    id: `${database}.prune.${store}.upload.${at.number}`,
    kind: "prune",
    effect: "destroy",
    why: `begun ${renderInstant(startedAt)} and never finished`,
    needs: [],
    after: [],
    database,
    store,
    target: { type: "upload", key, id, startedAt },
  };
}

interface Look {
  readonly steps: readonly Step[];
  /** Damage is an error: the store lacks what it should hold, and dbops does not repair it by itself. */
  readonly remarks: readonly Problem[];
  readonly decision: Decision;
}

function look(
  view: DatabaseView,
  store: StoreView,
  one: { readonly backup: Backup; readonly blocker: string | undefined },
): Look {
  const { backup, blocker } = one;
  const database = view.database.name;
  const base = { database, store: store.store, name: backup.name };
  const kept = keptBecause(store, backup) ?? blocker;
  if (kept === undefined) {
    const step = leftoverStep(database, store.store, backup);
    return { steps: [step], remarks: [], decision: { ...base, verdict: "prune", reasons: [step.why] } };
  }
  const isDamaged = backup.layout === "directory" && backup.etag !== null;
  const remark = problem("BACKUP_INCOMPLETE", `${backup.name} in ${store.store}: ${kept}`, {
    severity: isDamaged ? "error" : "warning",
    fix: isDamaged
      ? "bring its objects back, or remove its manifest.json: a later plan clears the rest away"
      : undefined,
  });
  return { steps: [], remarks: [remark], decision: { ...base, verdict: "incomplete", reasons: [kept] } };
}

function keptBecause(store: StoreView, backup: Backup): string | undefined {
  if (backup.layout === "classic")
    return "its file or its checksum is missing, or the file is too small for any dump";
  if (backup.etag !== null) return "it has a manifest, but not every object; a person has to look at it";
  if (backup.unknown !== undefined)
    return `no manifest, and ${renderUnknown(backup.unknown)}; a person has to look at it`;
  if (backup.holds.length > 0) return `held: ${backup.holds.join(", ")}`;
  if (isLeftover(backup, store.listing, store.clockAt)) return undefined;
  return "no manifest yet: it is in progress, or was interrupted less than 24 h ago";
}
