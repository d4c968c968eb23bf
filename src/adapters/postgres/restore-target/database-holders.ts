import type { Swap } from "../../../ports/restore-target.ts";
import type { Session } from "../session.ts";

/** Who keeps a database from being renamed. */
export interface Holder {
  readonly kind: "session" | "lock" | "prepared" | "subscription";
  /** Of the session or worker; null where there is none. */
  readonly pid: number | null;
  readonly text: string;
  /** The next thing to do. */
  readonly fix: string;
  /** true: dbops can end it. */
  readonly isEndable: boolean;
  /** Given for a session that only a superuser can end. */
  readonly isOfSuperuser?: true;
}

/** Everyone who holds one of these databases now, in a stable order. Inside a transaction as well: statistics are read anew. */
export async function readHolders(session: Session, oids: readonly number[]): Promise<readonly Holder[]> {
  await session.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  return [
    ...(await session.query<PreparedRow>(PREPARED, [oids])).map(preparedHolder),
    ...(await session.query<SubscriptionRow>(SUBSCRIPTIONS, [oids])).map(subscriptionHolder),
    ...(await session.query<SessionRow>(SESSIONS, [oids])).map(sessionHolder),
    ...(await session.query<SessionRow>(LOCKS, [oids])).map(lockHolder),
  ];
}

/** The oids of a swap's databases. */
export function oidsOf({ side, liveOid }: Swap): readonly number[] {
  return liveOid === null ? [side.oid] : [side.oid, liveOid];
}

/**
 * One statement that ends every session of these databases, those that are just connecting included, which only their locks show. A
 * session that this role may not end stays.
 */
export function endSessionsSql(oids: readonly number[]): string {
  const list = oids.map((oid) => Math.trunc(oid)).join(", ");
  return `DO $$ DECLARE one int; BEGIN
    PERFORM pg_catalog.pg_stat_clear_snapshot();
    FOR one IN
      SELECT a.pid FROM pg_catalog.pg_stat_activity a WHERE a.datid IN (${list})
      UNION SELECT l.pid FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'object' AND l.classid = 1262 AND l.objid IN (${list}) AND ${IS_CONNECTING}
    LOOP
      CONTINUE WHEN one = pg_catalog.pg_backend_pid();
      BEGIN
        PERFORM pg_catalog.pg_terminate_backend(one);
      EXCEPTION WHEN insufficient_privilege THEN NULL;
      END;
    END LOOP;
  END $$`;
}

/** A session shows in pg_stat_activity when it has connected (from PostgreSQL 18 on earlier, as `starting`). */
const IS_CONNECTING = `l.pid <> pg_catalog.pg_backend_pid() AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_stat_activity s WHERE s.pid = l.pid AND s.state IS DISTINCT FROM 'starting')`;

/**
 * How many sessions are in these databases, or on the way to some database and past the point where they would wait for
 * pg_database: they know the oid behind the name already.
 */
export async function countArriving(session: Session, oids: readonly number[]): Promise<number> {
  await session.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  const [row] = await session.query<{ count: number }>(
    `SELECT (
       (SELECT count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.datid = ANY ($1::oid[]) AND a.backend_type IS DISTINCT FROM 'autovacuum worker')
       + (SELECT count(*) FROM pg_catalog.pg_locks l
          WHERE l.locktype = 'virtualxid' AND l.granted AND ${IS_CONNECTING}
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks w WHERE w.pid = l.pid AND NOT w.granted))
     )::int AS count`,
    [oids],
  );
  return row?.count ?? 0;
}

interface PreparedRow {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
}

const PREPARED = `
  SELECT p.gid, p.owner::text, p.database::text FROM pg_catalog.pg_prepared_xacts p
  JOIN pg_catalog.pg_database d ON d.datname = p.database WHERE d.oid = ANY ($1::oid[]) ORDER BY p.gid COLLATE "C"`;

function preparedHolder({ gid, owner, database }: PreparedRow): Holder {
  const name = `'${gid.replaceAll("'", "''")}'`;
  return {
    kind: "prepared",
    pid: null,
    text: `the prepared transaction ${gid} of ${owner} in ${database}`,
    fix: `in ${database}, whichever its transaction manager says:\nCOMMIT PREPARED ${name};\nROLLBACK PREPARED ${name};`,
    isEndable: false,
  };
}

interface SubscriptionRow {
  readonly name: string;
  readonly quoted: string;
  readonly database: string;
  readonly pid: number | null;
  readonly type: string | null;
  readonly application: string | null;
}

/** An enabled one goes on filling the replaced database, where nobody looks: not only its worker is in the way. */
const SUBSCRIPTIONS = `
  SELECT s.subname::text AS name, pg_catalog.quote_ident(s.subname) AS quoted, d.datname::text AS database,
    a.pid, a.backend_type AS type, a.application_name AS application
  FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
  LEFT JOIN pg_catalog.pg_stat_subscription t ON t.subid = s.oid AND t.relid IS NULL
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = t.pid
  WHERE s.subdbid = ANY ($1::oid[]) AND s.subenabled ORDER BY 1`;

function subscriptionHolder(row: SubscriptionRow): Holder {
  const worker = row.pid === null ? "" : ` (${row.type ?? "its worker"}, pid ${row.pid})`;
  return {
    kind: "subscription",
    pid: row.pid,
    text: `the enabled subscription ${row.name} in ${row.database}${worker}`,
    fix: `in ${row.database}: ALTER SUBSCRIPTION ${row.quoted} DISABLE;`,
    isEndable: false,
  };
}

interface SessionRow {
  readonly pid: number;
  readonly database: string;
  readonly user: string | null;
  readonly application: string;
  readonly type: string | null;
  readonly endable: boolean;
  /** The asking role, quoted where it needs it. */
  readonly admin: string;
  readonly superuser: boolean;
}

/** As pg_terminate_backend() decides. Autovacuum gives way by itself; without superuser's rights it shows only by having no user. */
const SESSION = `
  a.pid, a.usename::text AS user, coalesce(a.application_name, '') AS application, a.backend_type AS type,
  pg_catalog.quote_ident(current_user) AS admin, coalesce(r.rolsuper, false) AS superuser,
  (current_setting('is_superuser')::bool OR (NOT coalesce(r.rolsuper, true)
    AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))) AS endable`;

const SESSIONS = `
  SELECT ${SESSION}, d.datname::text AS database
  FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_database d ON d.oid = a.datid
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
  WHERE a.datid = ANY ($1::oid[]) AND a.pid <> pg_catalog.pg_backend_pid()
    AND (a.usesysid IS NOT NULL OR a.backend_type <> 'autovacuum worker') ORDER BY a.pid`;

function sessionHolder(row: SessionRow): Holder {
  const by = row.superuser
    ? "as a superuser, or end the program that it belongs to:\n"
    : `or GRANT pg_signal_backend TO ${row.admin}, or end the program that it belongs to:\n`;
  return {
    kind: "session",
    pid: row.pid,
    text: `${sessionText(row)} in ${row.database}`,
    fix: `${row.endable ? "" : by}SELECT pg_terminate_backend(${row.pid});`,
    isEndable: row.endable,
    ...(row.superuser && !row.endable ? { isOfSuperuser: true } : {}),
  };
}

/** Sessions of other databases that change this one, or pg_database itself, in a transaction that is still open. */
const LOCKS = `
  SELECT DISTINCT ${SESSION}, coalesce(d.datname::text, 'pg_database') AS database
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_catalog.pg_database d ON l.locktype = 'object' AND d.oid = l.objid
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
  WHERE l.granted AND a.pid <> pg_catalog.pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'autovacuum worker' AND NOT coalesce(a.datid = ANY ($1::oid[]), false)
    AND ((l.locktype = 'object' AND l.classid = 1262 AND l.objid = ANY ($1::oid[]))
      OR (l.locktype = 'relation' AND l.relation = 1262 AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')))
  ORDER BY 1`;

function lockHolder(row: SessionRow): Holder {
  return {
    kind: "lock",
    pid: row.pid,
    text: `${sessionText(row)}, which has ${row.database} locked`,
    fix: `let it finish, or end it:\nSELECT pg_terminate_backend(${row.pid});`,
    isEndable: false,
  };
}

function sessionText({ type, pid, user, application }: SessionRow): string {
  const program = application === "" ? "" : `, application ${JSON.stringify(application)}`;
  return `the ${type ?? "session"} ${pid} of ${user ?? "no role"}${program}`;
}
