import { setTimeout as pause } from "node:timers/promises";
import type { Patience } from "../../../ports/patience.ts";
import type { Swap } from "../../../ports/restore-target.ts";
import { DbopsError, fail } from "../../../problems/dbops-error.ts";
import { problem } from "../../../problems/problem.ts";
import { factsOf } from "../connection-problem.ts";
import type { Session } from "../session.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { type Carried, differences } from "./carry-over.ts";
import type { Holder } from "./database-holders.ts";
import { type Admin, type Attempt, finishSwap, swapOnce } from "./swap-attempt.ts";
import { type Places, readPlaces } from "./swap-places.ts";
import { heldBy, isLost, swapFailed } from "./swap-problem.ts";

/** When a server that says nothing counts as lost. */
const ATTEMPT_MS = 60_000;
const PAUSE_MS = 250;

/** As `RestoreTarget.swap`. A swap that has happened already resolves. */
export async function swapDatabases(
  access: AdminAccess,
  { swap, patience }: { readonly swap: Swap; readonly patience: Patience },
  signal: AbortSignal,
): Promise<void> {
  const run: Run = { access, swap, backend: null, carried: null, askedMs: null, lost: null };
  let endsAt = performance.now() + patience.swapMs;
  for (;;) {
    const outcome = await tryOnce(run, signal);
    if (outcome === "swapped") return;
    if (outcome === "lost" && run.carried !== null && run.askedMs === null) {
      run.askedMs = performance.now();
      endsAt = Math.max(endsAt, run.askedMs + patience.commitMs);
    }
    if (performance.now() > endsAt) throw outcome === "lost" ? lostProblem(run) : heldBy(swap, outcome);
    await pause(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

interface Run {
  readonly access: AdminAccess;
  readonly swap: Swap;
  /** The session of the last attempt, as the server knows it. */
  backend: Backend | null;
  /** What was carried over; null until COMMIT was sent, and when it is known that it did not happen. */
  carried: Carried | null;
  /** When the first COMMIT went out without an answer. */
  askedMs: number | null;
  /** What ended the last session. */
  lost: unknown;
}

interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

type Outcome = "swapped" | "lost" | readonly Holder[];

async function tryOnce(run: Run, signal: AbortSignal): Promise<Outcome> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const { lost } = run;
  try {
    return await inSession(run.access, null, limited, (session) =>
      lookAndSwap(run, session, limited).catch((error: unknown) => {
        if (limited.aborted || !isLost(error)) throw error;
        run.lost = error;
        return "lost" as const;
      }),
    );
  } catch (error) {
    signal.throwIfAborted();
    const isAway = error instanceof DbopsError && error.is("DATABASE_UNREACHABLE") && lost !== null;
    if (!isAway && !limited.aborted) throw error;
    run.lost = error;
    return "lost";
  }
}

/** Looks before it does anything: an earlier attempt, of this or another process, may have got through. */
async function lookAndSwap(run: Run, session: Session, signal: AbortSignal): Promise<Outcome> {
  const { swap } = run;
  await session.query(PRELUDE);
  await endEarlier(run, session);
  const admin = await readAdmin(run, session);
  const onCommit = (carried: Carried): void => {
    run.carried = carried;
  };
  const attempt: Attempt = { session, swap, admin, signal, onCommit };
  let places = await readPlaces(session, swap);
  if (places.state === "ready") {
    run.carried = null;
    const holders = await swapOnce(attempt, places);
    if (holders !== null) return holders;
    places = await readPlaces(session, swap);
  }
  await finish(run, attempt, places);
  return "swapped";
}

async function finish(run: Run, attempt: Attempt, places: Places): Promise<void> {
  if (places.state === "ready") throw new Error("the server said COMMIT, and nothing has another name");
  if (places.old !== null) await finishSwap(attempt, places.old);
  const wrong = run.carried === null ? [] : differences(run.carried, places.restored.properties);
  if (wrong.length > 0)
    fail("RESTORE_INCOMPLETE", `${run.swap.live} was swapped in, but now ${wrong.join("; ")}`, {
      fix: "look who changed it, and set it right by hand",
      final: false,
    });
}

/**
 * Nothing hangs for ever, whatever the role has set: in particular not a transaction whose dbops has stopped. A commit that the
 * server forgets in a crash would be one that is in the journal and not in the world.
 */
const PRELUDE = `
  SET search_path = pg_catalog;
  SET statement_timeout = 5000;
  SET lock_timeout = 2000;
  SET idle_in_transaction_session_timeout = 10000;
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';`;

/** A session that was lost here may still be about to commit there: it is ended, and gone before anybody looks. */
async function endEarlier({ backend }: Run, session: Session): Promise<void> {
  if (backend === null) return;
  const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND ${STARTED} = $2`;
  while ((await session.query(sql, [backend.pid, backend.startedAt])).length > 0) await pause(20);
}

const STARTED = "extract(epoch FROM backend_start)::text";

async function readAdmin(run: Run, session: Session): Promise<Admin> {
  const [row] = await session.query<Admin & Backend & { readonly database: string }>(
    `SELECT current_user::text AS name, current_setting('is_superuser')::bool AS "isSuperuser",
       (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS "canCreateDatabases",
       current_database()::text AS database, pid, ${STARTED} AS "startedAt"
     FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
  );
  if (row === undefined) throw new Error("a session does not see itself");
  run.backend = { pid: row.pid, startedAt: row.startedAt };
  const { live, side } = run.swap;
  if (row.database === live || row.database === side.name)
    throw swapFailed(
      `${row.database} cannot be renamed from a session in it`,
      `name another database that is always there: databases.${run.access.name}.admin: { database: ${row.database === "postgres" ? "template1" : "postgres"} }`,
    );
  return row;
}

function lostProblem({ carried, lost, swap }: Run): DbopsError {
  const why = lost instanceof DbopsError ? lost.problems[0]?.detail : factsOf(lost).message;
  const fix = "see that the server answers, then apply again";
  if (carried === null) return swapFailed(`the connection was lost (${why})`, fix, lost);
  const detail = `the connection was lost at COMMIT (${why}): whether ${swap.live} was swapped is not known`;
  return new DbopsError([problem("DATABASE_UNREACHABLE", detail, { fix })], lost);
}
