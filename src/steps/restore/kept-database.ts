import type { Facts } from "../../model/audit-entry.ts";
import { isMadeName, parseNote } from "../../model/made-database.ts";
import type { DatabaseProperties, TargetFacts } from "../../model/restore-target.ts";
import type { Snapshot } from "../../ports/postgres.ts";
import type { FoundDatabase, NamedDatabase } from "../../ports/restore-target.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, Standing } from "../handler.ts";
import { plannedServer } from "./planned-server.ts";

/** What a restore replaced or never finished, as a plan names it. */
export interface Kept extends NamedDatabase {
  /** The declared one. */
  readonly database: string;
}

/**
 * Why a database is not, or not now, the one that a plan may work on: its name, its oid and its comment must say whose it is, and nobody
 * may be restoring, who could still want it. null: it is.
 */
export async function keptRefusal(
  { database, name, oid }: Kept,
  found: FoundDatabase,
  run: ProbeRun,
): Promise<Problem | null> {
  const fix = `dbops plan ${run.plan.environment}`;
  const refuse = (detail: string) => problem("PRUNE_REFUSED", detail, { fix });
  if (!isMadeName(name)) return refuse(`${name} is no name that dbops gives to a database`);
  if (found.oid !== oid)
    return problem("TARGET_CHANGED", `${name} has oid ${found.oid}, not ${oid}`, { fix });
  const { note } = found;
  if (note === null) return refuse(`the comment of ${name} does not say that dbops made it`);
  if (note.environment !== run.plan.environment || note.database !== database)
    return refuse(`${name} is of ${note.database} of ${note.environment}, as its comment says`);
  const holder = await run.leaseHolder(database, "restore");
  if (holder === null) return null;
  const what = note.state === "old" ? "and may be wanted back" : `maybe into it (from ${note.backup})`;
  return problem("PRUNE_REFUSED", `${name} stays: ${database} is being restored by ${holder}, ${what}`, {
    fix: "wait until it has ended, then apply again",
  });
}

/** Why a backup of it would not be, or is not, all that it holds: it is in use, or can be again. null: nobody can write to it. */
export function openRefusal({ name, note, isClosed, properties }: FoundDatabase): Problem | null {
  if (note?.state !== "old")
    return problem("PRUNE_REFUSED", `${name} is not what a restore replaced, as its comment says`);
  if (isClosed) return null;
  return problem("PRUNE_REFUSED", `${name} was opened again since it was replaced: others can write to it`, {
    fix: `see who may connect, and revoke it, then apply again; its owner is ${properties.owner}:\nSELECT datacl FROM pg_database WHERE datname = '${name}';\nREVOKE CONNECT ON DATABASE ${name} FROM PUBLIC;`,
  });
}

/** Where a dump of it stands. */
export async function standingOfKept(kept: Kept, run: ProbeRun): Promise<Standing> {
  await plannedServer({ database: kept.database, live: kept.name }, run);
  const found = await run.ports.restoreTarget(kept.database).find(kept.name, run.signal);
  const refusal =
    found === null
      ? problem("DATABASE_MISSING", `there is no database ${kept.name} any more`, {
          fix: `dbops plan ${run.plan.environment}`,
        })
      : ((await keptRefusal(kept, found, run)) ?? openRefusal(found));
  return refusal === null ? { state: "ready" } : { state: "blocked", problem: refusal };
}

/** Its snapshot, on the server that was planned. */
export async function openKept(kept: Kept, run: ProbeRun): Promise<Snapshot> {
  const target = run.ports.restoreTarget(kept.database);
  const live = await target.liveName(run.signal);
  const server = await plannedServer({ database: kept.database, live }, run);
  const snapshot = await target.openSnapshot({ name: kept.name, oid: kept.oid }, run.signal);
  return { ...snapshot, detail: withCarriedOver(snapshot.detail, server) };
}

/**
 * The swap gave its comment and privileges to the database that took its place, and closed it: with its own, a restore of
 * this backup would be closed as well, and called replaced.
 */
function withCarriedOver(detail: Facts, { live }: TargetFacts): Facts {
  const own = detail["database"] as DatabaseProperties; // a snapshot's detail has them
  const comment = parseNote(own.comment) === null ? own.comment : null;
  const carried =
    live === null
      ? { comment }
      : { comment: live.properties.comment, accessPrivileges: live.properties.accessPrivileges };
  return { ...detail, database: { ...own, ...carried } };
}
