import type { Database } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import type { Observation } from "../model/observation.ts";
import type { DatabaseStatus, EnvironmentStatus } from "../model/report.ts";
import { isDatedAhead } from "../policy/clock.ts";
import { freshness } from "../policy/freshness.ts";
import { newestSlotOf, nextSlot } from "../policy/schedule.ts";
import { EXIT, exitCodeOf } from "../problems/exit-code.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { Context } from "./context.ts";
import { type Survey, survey } from "./survey.ts";

/** `dbops status`: one screen; exit 1 only when something could not be looked at. */
export async function statusCommand(
  context: Context,
  args: { readonly environment: string | null },
): Promise<number> {
  const surveys = await survey(context, args.environment);
  const environments = surveys.map((one) => statusOf(one, context.clock.now()));
  context.view.report({ kind: "status", environments });
  return exitCodeOf(surveys.flatMap(({ planned }) => planned.problems));
}

/** `dbops check`: freshness from the stores alone, for monitoring: exit 0 or 1. */
export async function checkCommand(
  context: Context,
  args: { readonly environment: string | null },
): Promise<number> {
  const surveys = await survey(context, args.environment);
  const environments = surveys.map((one) => statusOf(one, context.clock.now()));
  context.view.report({ kind: "checked", environments });
  const good = environments.every((one) => one.problems.every(({ severity }) => severity !== "error"));
  return good ? EXIT.done : EXIT.failed;
}

function statusOf({ environment, observation, planned }: Survey, now: Instant): EnvironmentStatus {
  const databases = environment.databases.map((database) => databaseStatus(database, observation, now));
  const overdue = environment.databases.flatMap((database) =>
    overdueIn(database, observation, { now, environment: environment.name }),
  );
  return {
    environment: environment.name,
    protected: environment.protected,
    databases,
    problems: [...planned.problems, ...overdue, ...planned.notices],
  };
}

function databaseStatus(database: Database, observation: Observation, now: Instant): DatabaseStatus {
  const { schedules } = database.backup;
  const stores = database.backup.stores.map(({ store }) =>
    storeStatus(observation, { store, database }, now),
  );
  const overdue = overdueIn(database, observation, { now, environment: observation.environment });
  return {
    database: database.name,
    stores,
    dueAt: newestSlotOf(schedules, now)?.at ?? null,
    nextAt: schedules.flatMap((schedule) => nextSlot(schedule, now) ?? []).sort()[0] ?? null,
    fresh: overdue.length === 0 && stores.every((store) => store.readable),
  };
}

interface Place {
  readonly store: string;
  readonly database: Database;
}

function storeStatus(observation: Observation, place: Place, now: Instant): DatabaseStatus["stores"][number] {
  const points = completeIn(observation, place);
  if (points === null)
    return { store: place.store, readable: false, newestAt: null, ageMs: null, complete: 0, bytes: 0 };
  const newestAt =
    points
      .map((one) => one.at)
      .sort()
      .at(-1) ?? null;
  return {
    store: place.store,
    readable: true,
    newestAt,
    ageMs: newestAt === null ? null : Math.max(0, msOf(now) - msOf(newestAt)),
    complete: points.length,
    bytes: points.reduce((sum, one) => sum + one.bytes, 0),
  };
}

/** What is too old, store by store; an unreadable store has its own problem. */
function overdueIn(
  database: Database,
  observation: Observation,
  { now, environment }: { now: Instant; environment: string },
): readonly Problem[] {
  return database.backup.stores.flatMap(({ store }) => {
    const points = completeIn(observation, { store, database });
    if (points === null) return [];
    const found = freshness(database.backup.schedules, points, now);
    if (found.state !== "overdue") return [];
    const newest = found.newest === null ? "there is none" : `the newest is ${found.newest.name}`;
    const slot = found.overdueSlot === null ? "" : `, due since ${found.overdueSlot.at}`;
    return [
      problem("BACKUP_OVERDUE", `${database.name} in store ${store}: ${newest}${slot}`, {
        fix: `dbops run ${environment}`,
      }),
    ];
  });
}

/** Complete backups that are not dated in the future; null when the store or its listing is unreadable. */
function completeIn(observation: Observation, { store, database }: Place) {
  const seen = observation.stores[store];
  if (seen === undefined || seen.state === "unreadable") return null;
  const listing = seen.listings[database.name];
  if (listing === undefined || listing.state === "unreadable") return null;
  return listing.backups.filter((one) => one.state === "complete" && !isDatedAhead(one.at, seen.clockAt));
}
