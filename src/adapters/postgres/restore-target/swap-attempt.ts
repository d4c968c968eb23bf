import { setTimeout as pause } from "node:timers/promises";
import { escapeIdentifier } from "pg";
import { parseNote, renderNote } from "../../../model/made-database.ts";
import type { Swap } from "../../../ports/restore-target.ts";
import type { Session } from "../session.ts";
import { type Carried, type Change, changesTo, commentSql, differences, ownerChanges } from "./carry-over.ts";
import { closedGrants, closingStatements, grantsOf, isClosed } from "./database-acl.ts";
import { countArriving, endSessionsSql, type Holder, oidsOf, readHolders } from "./database-holders.ts";
import { type Places, readPlaces, type Standing } from "./swap-places.ts";
import { failedBy, heldBy, isLost, isPassing, refused, swapFailed } from "./swap-problem.ts";

/** The role that swaps. */
export interface Admin {
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly canCreateDatabases: boolean;
}

export interface Attempt {
  readonly session: Session;
  readonly swap: Swap;
  readonly admin: Admin;
  readonly signal: AbortSignal;
  /** Called just before COMMIT is sent: from there on only a look tells whether it happened. */
  onCommit(carried: Carried): void;
}

export type Ready = Extract<Places, { state: "ready" }>;

/** How often a lock on pg_database is tried for, each time for at most this long: whoever connects waits as well. */
const GATE_TRIES = 3;
const GATE_WAIT_MS = 200;
/** When the server opens it again by itself, should dbops stand still. */
const GATE_IDLE_MS = 3000;
/** How long sessions are given to end before and, others shut out, inside the gate. */
const LEAVING_MS = 5000;
const ARRIVING_MS = 1000;
const POLL_MS = 10;
const RENAME_MS = 2000;

/**
 * The transaction. Resolves with null when it is committed, with the holders when they were in the way, none when another run was
 * faster: then it is rolled back, and to be looked at again.
 * Everything that can fail for another reason comes before the first session is ended.
 */
export async function swapOnce(attempt: Attempt, ready: Ready): Promise<readonly Holder[] | null> {
  const { session, swap } = attempt;
  refuseWithoutRights(attempt, ready, await ownedOids(session, swap));
  const before = await readHolders(session, oidsOf(swap));
  if (before.some((one) => one.kind === "prepared" || one.kind === "subscription"))
    throw heldBy(swap, before);
  if (before.some((one) => one.kind === "session" && !one.isEndable)) return before;
  try {
    await session.query("BEGIN");
    const carried = await carryOver(attempt, ready);
    await endSessions(attempt, before);
    await closeGate(attempt);
    await rename(attempt);
    attempt.signal.throwIfAborted();
    attempt.onCommit(carried);
    // whoever waits for a renamed database would be told that it does not exist
    await session.query(`${endSessionsSql(oidsOf(swap))}; SET LOCAL statement_timeout = 0; COMMIT`);
    return null;
  } catch (error) {
    if (attempt.signal.aborted || isLost(error)) throw error;
    if (!isPassing(error) && !(error instanceof Overtaken)) throw failedBy(error);
    await session.query("ROLLBACK");
    return readHolders(session, oidsOf(swap));
  }
}

/** Of the databases of a swap, those whose owner's rights this role has. */
async function ownedOids(session: Session, swap: Swap): Promise<readonly number[]> {
  const rows = await session.query<{ oid: number }>(
    "SELECT oid FROM pg_catalog.pg_database WHERE oid = ANY ($1::oid[]) AND pg_catalog.pg_has_role(datdba, 'USAGE')",
    [oidsOf(swap)],
  );
  return rows.map(({ oid }) => oid);
}

function refuseWithoutRights({ admin }: Attempt, ready: Ready, owned: readonly number[]): void {
  const name = escapeIdentifier(admin.name);
  if (!admin.canCreateDatabases)
    throw swapFailed(`${admin.name} may not rename a database`, `ALTER ROLE ${name} CREATEDB;`);
  for (const one of [ready.live, ready.side]) {
    if (one === null || owned.includes(one.oid)) continue;
    const { owner } = one.properties;
    const detail = `${admin.name} has not the rights of ${owner}, who owns ${one.name}`;
    throw swapFailed(detail, `GRANT ${escapeIdentifier(owner)} TO ${name};`);
  }
}

/** Side gets what is to be carried over, live is closed; both are looked at again. Resolves with what side has now. */
async function carryOver(attempt: Attempt, ready: Ready): Promise<Carried> {
  const { swap, admin } = attempt;
  const wanted = wantedOf(attempt, ready);
  const carrying = { database: swap.side.name, admin: admin.name, wanted, has: ready.side.properties };
  for (const change of ownerChanges(carrying)) await perform(attempt, change);
  const owned = await placesAgain(attempt);
  for (const change of changesTo({ ...carrying, has: owned.side.properties })) await perform(attempt, change);
  if (ready.live !== null) for (const change of closing(attempt, ready.live)) await perform(attempt, change);
  const { side, live } = await placesAgain(attempt);
  const wrong = differences(wanted, side.properties);
  if (wrong.length > 0)
    throw swapFailed(
      `${side.name} was given what ${swap.live} has, but ${wrong.join("; ")}`,
      "apply again, as a superuser if it stays",
    );
  if (live !== null && ready.live !== null) refuseMoved(attempt, ready.live, live);
  return wanted;
}

/** What is carried over: from the replaced database, from the backup, or, where neither knows, the defaults. */
function wantedOf({ swap }: Attempt, { live, side }: Ready): Carried {
  const source = live?.properties ?? swap.properties;
  const unknown = { connectionLimit: -1, accessPrivileges: null, comment: null, settings: [] };
  return source ?? { ...unknown, owner: side.properties.owner };
}

/** The role that a closed database is left open for: one without superuser's rights has yet to dump and drop it. */
function keptRole({ admin }: Attempt): string | null {
  return admin.isSuperuser ? null : admin.name;
}

/** The statements that make a replaced database what it is from then on, under the name that it has now. */
function closing(attempt: Attempt, replaced: Standing): readonly Change[] {
  const { name, properties } = replaced;
  const fix = `GRANT ${escapeIdentifier(properties.owner)} TO ${escapeIdentifier(attempt.admin.name)};`;
  const what = `close ${name}`;
  return [
    ...closingStatements(name, properties, keptRole(attempt)),
    commentSql(name, renderNote(attempt.swap.note)),
  ].map((sql) => ({ sql, what, fix, isHushed: false }));
}

/** Somebody changed the replaced database while it was being carried over. */
function refuseMoved(attempt: Attempt, before: Standing, now: Standing): void {
  const { comment, accessPrivileges } = now.properties;
  const rest = differences({ ...before.properties, comment, accessPrivileges }, now.properties);
  const grants = JSON.stringify(grantsOf(now.properties));
  const isAsMade = grants === JSON.stringify(closedGrants(before.properties, keptRole(attempt)));
  if (rest.length === 0 && isAsMade) return;
  throw swapFailed(`somebody changes ${before.name} at this moment`, "apply again");
}

/** Another run of the same plan has swapped since this one looked: it is for the next look to find. */
class Overtaken extends Error {}

async function placesAgain({ session, swap }: Attempt): Promise<Ready> {
  const places = await readPlaces(session, swap);
  if (places.state !== "ready") throw new Overtaken(`${swap.live} was swapped by another run`);
  return places;
}

async function perform({ session, signal }: Attempt, change: Change): Promise<void> {
  try {
    await session.query(change.sql);
  } catch (error) {
    if (signal.aborted || isLost(error) || isPassing(error)) throw error;
    throw refused(error, change);
  }
}

/** Ends them and waits until those that were there are gone; who connects meanwhile is ended inside the gate. */
async function endSessions({ session, swap, signal }: Attempt, seen: readonly Holder[]): Promise<void> {
  const pids = new Set(seen.filter((one) => one.kind === "session").map((one) => one.pid));
  const endsAt = performance.now() + LEAVING_MS;
  while (pids.size > 0) {
    await session.query(endSessionsSql(oidsOf(swap)));
    const left = (await readHolders(session, oidsOf(swap))).some((one) => pids.has(one.pid));
    if (!left || performance.now() > endsAt) return;
    await pause(POLL_MS);
    signal.throwIfAborted();
  }
}

/**
 * Locks pg_database, so that nobody is between the name and the oid of a database when the names change: such a client is
 * told that its database does not exist. For that moment nobody can connect to any database of the server. Only a superuser
 * may, and not where a standby follows: there the lock would end whoever has looked into pg_database, as a long dump has.
 * Without it the sessions are ended all the same, and a client can be told so in the moment of the COMMIT.
 */
async function closeGate({ session, swap, admin, signal }: Attempt): Promise<void> {
  if (!admin.isSuperuser || (await hasStandby(session))) return;
  for (let tries = 0; !(await lockDatabases(session)); tries += 1) {
    if (tries === GATE_TRIES) return;
    await pause(POLL_MS);
    signal.throwIfAborted();
  }
  const endsAt = performance.now() + ARRIVING_MS;
  do {
    await session.query(endSessionsSql(oidsOf(swap)));
    if ((await countArriving(session, oidsOf(swap))) === 0) return;
    await pause(POLL_MS);
  } while (performance.now() < endsAt);
}

async function hasStandby(session: Session): Promise<boolean> {
  const [row] = await session.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender' AND datid IS NULL) AS found",
  );
  return row?.found !== false;
}

async function lockDatabases(session: Session): Promise<boolean> {
  await session.query(`SAVEPOINT gate; SET LOCAL lock_timeout = ${GATE_WAIT_MS}`);
  try {
    await session.query("LOCK TABLE pg_catalog.pg_database IN ACCESS EXCLUSIVE MODE");
    await session.query(`SET LOCAL idle_in_transaction_session_timeout = ${GATE_IDLE_MS}`);
    return true;
  } catch (error) {
    if (isLost(error) || !isPassing(error)) throw error;
    await session.query("ROLLBACK TO SAVEPOINT gate");
    return false;
  }
}

/** In one message, so that hardly anybody comes between. */
async function rename({ session, swap }: Attempt): Promise<void> {
  const to = (from: string, name: string) =>
    `ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(name)}`;
  await session.query(
    [
      `SET LOCAL statement_timeout = ${RENAME_MS}; SET LOCAL lock_timeout = ${RENAME_MS}`,
      endSessionsSql(oidsOf(swap)),
      ...(swap.liveOid === null ? [] : [to(swap.live, swap.old)]),
      to(swap.side.name, swap.live),
    ].join("; "),
  );
}

/** What a swap that has happened can still lack: the replaced database is closed and has its note. */
export async function finishSwap(attempt: Attempt, old: Standing): Promise<void> {
  const note = parseNote(old.properties.comment);
  const isNoted = note?.state === "old" && note.plan === attempt.swap.note.plan;
  if (isNoted && isClosed(old.properties, keptRole(attempt))) return;
  await attempt.session.query("BEGIN");
  for (const { sql } of closing(attempt, old)) await attempt.session.query(sql);
  await attempt.session.query("COMMIT");
}
