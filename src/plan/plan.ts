import type { Environment } from "../model/environment.ts";
import type { Instant } from "../model/instant.ts";
import type { Observation } from "../model/observation.ts";
import type { Request } from "../model/plan.ts";
import type { Decision, Planned } from "../model/planned.ts";
import type { Step } from "../model/step.ts";
import { fail } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { backupDatabase } from "./backup.ts";
import { convergeDatabase } from "./converge.ts";
import { type DatabaseView, viewOf } from "./database-view.ts";
import { type Draft, joinDrafts, NOTHING } from "./draft.ts";
import { pruneDatabase, pruneOrphan, reportOrphans } from "./prune.ts";
import { releaseBackup } from "./release.ts";
import { EXPIRES_MS, sealPlan } from "./seal-plan.ts";
import { targetSteps } from "./target-steps.ts";
import { verifyBackup, verifyNewest } from "./verify.ts";

export interface PlanOptions {
  readonly now: Instant;
  /** How long the plan can be applied; 24 h unless given. */
  readonly expiresMs?: number | null;
  readonly allowLargePrune?: boolean;
  /** Databases that restores left are dropped without a backup of them. */
  readonly discard?: boolean;
  /** Every verify also decrypts and lists the archive. */
  readonly deep?: boolean;
  /** Names of `--target` and `--except`; see targetSteps. */
  readonly target?: readonly string[];
  readonly except?: readonly string[];
}

interface World {
  readonly observation: Observation;
  readonly options: PlanOptions;
}

/**
 * Decides what would make the observed world match the environment, or carry out a request: pure, the same inputs give
 * the same plan. What could not be looked at becomes a problem beside the plan and leaves out only what depends on it.
 * Throws a DbopsError for a request that makes no sense here (USAGE, BACKUP_UNKNOWN).
 */
export function plan(environment: Environment, request: Request, world: World): Planned {
  const { observation, options } = world;
  if (observation.environment !== environment.name)
    fail("USAGE", `the observation is one of ${observation.environment}, the file of ${environment.name}`);
  const draft = joinDrafts([
    draftOf(environment, request, world),
    request.operation === "converge" ? reportOrphans(environment, observation) : NOTHING,
  ]);
  const chosen = targetSteps(draft.steps, options.target ?? [], options.except ?? []);
  const steps = options.deep === true ? chosen.map(deepened) : chosen;
  return {
    plan: sealPlan(environment, observation, {
      operation: request.operation,
      steps,
      now: options.now,
      expiresMs: options.expiresMs ?? EXPIRES_MS,
    }),
    leftOut: draft.steps.length - chosen.length,
    problems: unique([...storeProblems(environment, observation), ...draft.problems]),
    notices: unique(draft.notices),
    decisions: [...draft.decisions].sort(byPlace),
  };
}

function draftOf(environment: Environment, request: Request, world: World): Draft {
  const { observation, options } = world;
  const rails = { allowLargePrune: options.allowLargePrune ?? false };
  const each = (database: string | null, draft: (view: DatabaseView) => Draft) =>
    joinDrafts(viewsOf(environment, database, world).map((view) => withUnread(view, draft(view))));
  switch (request.operation) {
    case "converge":
      return each(null, (view) => convergeDatabase(view, { ...rails, discard: options.discard ?? false }));
    case "backup":
      return each(request.database, (view) => backupDatabase(view, request));
    case "prune":
      return request.orphan === null
        ? each(request.database, (view) => pruneDatabase(view, rails))
        : pruneOrphan(environment, observation, { orphan: request.orphan, ...rails });
    case "verify":
      return request.backup === null
        ? each(null, verifyNewest)
        : verifyBackup(environment, observation, { backup: request.backup, deep: options.deep ?? false });
    case "release":
      return releaseBackup(environment, observation, request.backup);
  }
}

function viewsOf(environment: Environment, wanted: string | null, world: World): readonly DatabaseView[] {
  const databases = environment.databases.filter((one) => wanted === null || one.name === wanted);
  if (wanted !== null && databases.length === 0) {
    const names = environment.databases.map((one) => one.name).join(", ");
    fail("USAGE", `${environment.file} has no database "${wanted}"; it has ${names}`);
  }
  const seen = { observation: world.observation, now: world.options.now };
  return databases.map((database) => viewOf(environment, database, seen));
}

function withUnread(view: DatabaseView, draft: Draft): Draft {
  return { ...draft, problems: [...view.unreadable.map((one) => one.problem), ...draft.problems] };
}

/** Every store and listing that could not be read, used or not. */
function storeProblems(environment: Environment, observation: Observation): readonly Problem[] {
  return environment.stores.flatMap(({ name }) => {
    const seen = observation.stores[name];
    if (seen === undefined)
      return [problem("STORE_UNREADABLE", `${name} was not looked at`, { fix: "observe again" })];
    if (seen.state === "unreadable") return [seen.problem];
    const databases = Object.keys(seen.listings).sort();
    return databases.flatMap((database) => {
      const listing = seen.listings[database];
      return listing?.state === "unreadable" ? [listing.problem] : [];
    });
  });
}

function deepened(step: Step): Step {
  if (step.kind !== "verify") return step;
  return step.type === "backup" || step.type === "classic" ? { ...step, deep: true } : step;
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((one) => [`${one.code}\n${one.detail}`, one])).values()];
}

function byPlace(a: Decision, b: Decision): number {
  for (const key of ["database", "store", "name"] as const)
    if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  return 0;
}
