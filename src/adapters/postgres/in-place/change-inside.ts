import { setTimeout as pause } from "node:timers/promises";
import type { AsidePlace } from "../../../ports/in-place-target.ts";
import { DbopsError } from "../../../problems/dbops-error.ts";
import { problem } from "../../../problems/problem.ts";
import { factsOf } from "../connection-problem.ts";
import { type DatabaseRow, readDatabaseRow } from "../database-row.ts";
import { type AdminAccess, inSession } from "../restore-target/admin-access.ts";
import { endSessionsSql, type Holder, readHolders } from "../restore-target/database-holders.ts";
import { refuseOther } from "../restore-target/set-note.ts";
import { failedBy, isLost, isPassing, swapFailed } from "../restore-target/swap-problem.ts";
import type { Session } from "../session.ts";

/** One transaction in the database that is restored in place. */
export interface Inside {
  readonly session: Session;
  /** As it is in this transaction. */
  readonly database: DatabaseRow;
  readonly signal: AbortSignal;
}

/** How long it is tried; an attempt under way is finished. */
const TRIED_MS = 20_000;
/** When a server that says nothing counts as lost. */
const ATTEMPT_MS = 120_000;
/** How long sessions are given to end. */
const LEAVING_MS = 5000;
const PAUSE_MS = 250;
const POLL_MS = 10;

/**
 * Does the work in one transaction, again while others are in the way. `work` first looks whether it has been done: after a lost
 * connection nothing else tells whether COMMIT came through. What such a session may still be about to commit meets it in the marker, which both write.
 */
export async function changeInside<T>(
  access: AdminAccess,
  place: AsidePlace,
  work: (inside: Inside) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const endsAt = performance.now() + TRIED_MS;
  let lost: unknown = null;
  for (;;) {
    const outcome = await tryOnce(access, { place, work, isAgain: lost !== null }, signal);
    if (outcome.state === "done") return outcome.result;
    if (outcome.state === "lost") lost = outcome.error;
    if (performance.now() > endsAt)
      throw outcome.state === "lost" ? lostProblem(place, lost) : heldBy(place, outcome.holders);
    await pause(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

type Outcome<T> =
  | { readonly state: "done"; readonly result: T }
  | { readonly state: "held"; readonly holders: readonly Holder[] }
  | { readonly state: "lost"; readonly error: unknown };

interface Trial<T> {
  readonly place: AsidePlace;
  readonly work: (inside: Inside) => Promise<T>;
  /** The connection was lost before: that it cannot be reached is worth another try. */
  readonly isAgain: boolean;
}

async function tryOnce<T>(
  access: AdminAccess,
  { place, work, isAgain }: Trial<T>,
  signal: AbortSignal,
): Promise<Outcome<T>> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  try {
    return await inSession(access, place.database.name, limited, (session) =>
      transact(session, place, work, limited).catch((error: unknown): Outcome<T> => {
        if (limited.aborted || !isLost(error)) throw error;
        return { state: "lost", error };
      }),
    );
  } catch (error) {
    signal.throwIfAborted();
    const isAway = error instanceof DbopsError && error.is("DATABASE_UNREACHABLE") && isAgain;
    if (!isAway && !limited.aborted) throw error;
    return { state: "lost", error };
  }
}

async function transact<T>(
  session: Session,
  { database: { name, oid } }: AsidePlace,
  work: (inside: Inside) => Promise<T>,
  signal: AbortSignal,
): Promise<Outcome<T>> {
  await session.query(PRELUDE);
  try {
    await session.query("BEGIN");
    const database = await readDatabaseRow(session, name);
    if (database?.oid !== oid) return refuseOther({ name, oid }, database?.oid ?? null);
    const result = await work({ session, database, signal });
    signal.throwIfAborted();
    await session.query("SET LOCAL statement_timeout = 0");
    await session.query("COMMIT");
    return { state: "done", result };
  } catch (error) {
    if (signal.aborted || isLost(error)) throw error;
    const { code } = factsOf(error);
    if (code === "42501") throw error;
    if (!isPassing(error) && code !== "42P06") throw failedBy(error);
    await session.query("ROLLBACK");
    return { state: "held", holders: await readHolders(session, [oid]) };
  }
}

const PRELUDE = `
  SET search_path = pg_catalog;
  SET statement_timeout = 60000;
  SET lock_timeout = 2000;
  SET idle_in_transaction_session_timeout = 30000;
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';`;

/**
 * Ends every other session of the database and waits until those that were there are gone. SWAP_FAILED where somebody is in the way whom this
 * role cannot end. Sessions of superusers stay, as a platform's own workers do: a rename waits for nobody. Resolves with those.
 */
export async function endOthers(
  { session, database: { oid }, signal }: Inside,
  place: AsidePlace,
): Promise<readonly string[]> {
  const before = await readHolders(session, [oid]);
  const stubborn = before.filter(
    (one) => one.kind !== "lock" && !one.isEndable && one.isOfSuperuser !== true,
  );
  if (stubborn.length > 0) throw heldBy(place, stubborn);
  const pids = new Set(before.filter((one) => one.isEndable).map((one) => one.pid));
  const endsAt = performance.now() + LEAVING_MS;
  while (pids.size > 0 && performance.now() < endsAt) {
    await session.query(endSessionsSql([oid]));
    const left = (await readHolders(session, [oid])).some((one) => pids.has(one.pid));
    if (!left) break;
    await pause(POLL_MS);
    signal.throwIfAborted();
  }
  return before.filter((one) => one.isOfSuperuser === true).map((one) => one.text);
}

function heldBy({ database: { name } }: AsidePlace, holders: readonly Holder[]): DbopsError {
  const shown = holders.slice(0, SHOWN);
  if (shown.length === 0)
    return swapFailed(
      `${name} was in use whenever it was tried`,
      "stop the programs that use it, then apply again",
    );
  const more = holders.length > shown.length ? `, and ${holders.length - shown.length} more` : "";
  return swapFailed(`held by ${shown.map((one) => one.text).join("; ")}${more}`, shown[0]?.fix);
}

const SHOWN = 5;

function lostProblem({ database: { name } }: AsidePlace, lost: unknown): DbopsError {
  const why = lost instanceof DbopsError ? lost.problems[0]?.detail : factsOf(lost).message;
  const detail = `the connection was lost (${why}): whether schemas of ${name} were renamed is not known`;
  const fix = "see that the server answers, then apply again";
  return new DbopsError([problem("DATABASE_UNREACHABLE", detail, { fix })], lost);
}
