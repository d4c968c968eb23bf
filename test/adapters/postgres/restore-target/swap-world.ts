import { adminAccess } from "../../../../src/adapters/postgres/restore-target/admin-access.ts";
import { swapDatabases } from "../../../../src/adapters/postgres/restore-target/swap-databases.ts";
import { renderNote } from "../../../../src/model/made-database.ts";
import { PATIENCE, type Patience } from "../../../../src/ports/patience.ts";
import type { Swap } from "../../../../src/ports/restore-target.ts";
import type { Cluster } from "../../../support/postgres-cluster.ts";
import { secrets, signal } from "../declared.ts";
import { adminOf, declaredWith, noteOf, oidOf } from "./target-access.ts";

/** The server as this role, through this port. */
export function accessTo(cluster: Cluster, user?: string, port: number = cluster.port) {
  return adminAccess(declaredWith(cluster, adminOf(cluster, user), { port }), { secrets, env: {} });
}

export interface SwapOptions {
  readonly user?: string;
  readonly port?: number;
  readonly signal?: AbortSignal;
  /** Gives up soon; for what stays in the way or away for good. */
  readonly isHurried?: boolean;
}

const HURRIED: Patience = { ...PATIENCE, swapMs: 500, commitMs: 500 };

export function swap(cluster: Cluster, asked: Swap, options: SwapOptions = {}): Promise<void> {
  const access = accessTo(cluster, options.user, options.port);
  const patience = options.isHurried === true ? HURRIED : PATIENCE;
  return swapDatabases(access, { swap: asked, patience }, options.signal ?? signal());
}

/** A database with one table that says `before`, and a closed one beside it that says `restored`. */
export async function standing(cluster: Cluster, live: string, owner = "postgres"): Promise<Swap> {
  const asked = await aside(cluster, live, owner);
  await cluster.psql("postgres", `CREATE DATABASE "${live}" OWNER ${owner}`);
  await cluster.psql(live, "CREATE TABLE content AS SELECT 'before' AS says");
  return { ...asked, liveOid: await oidOf(cluster, live) };
}

/** Only the side database of it: nothing has the name. */
export async function aside(cluster: Cluster, live: string, owner = "postgres"): Promise<Swap> {
  const side = `${live}_side`;
  await cluster.psql("postgres", `CREATE DATABASE "${side}" OWNER ${owner}`);
  await cluster.psql(
    side,
    `CREATE TABLE content AS SELECT 'restored' AS says;
     COMMENT ON DATABASE "${side}" IS '${renderNote(noteOf("loaded"))}';
     REVOKE CONNECT, TEMPORARY ON DATABASE "${side}" FROM PUBLIC;`,
  );
  return {
    side: { name: side, oid: await oidOf(cluster, side) },
    live,
    liveOid: null,
    old: `${live}_old`,
    note: noteOf("old", { replacedAt: "2025-01-18T01:00:00.000Z" }),
    properties: null,
  };
}

/** `name=oid` of the databases of a swap, sorted. */
export async function namesOf(cluster: Cluster, { live }: Swap): Promise<string> {
  const names = ["", "_side", "_old"].map((end) => `'${live}${end}'`).join(", ");
  return cluster.psql(
    "postgres",
    `SELECT string_agg(datname || '=' || oid, ' ' ORDER BY datname) FROM pg_database WHERE datname IN (${names})`,
  );
}

export function namesBefore({ live, liveOid, side }: Swap): string {
  return `${live}=${liveOid} ${live}_side=${side.oid}`;
}

export function namesAfter({ live, liveOid, side }: Swap): string {
  return `${live}=${side.oid} ${live}_old=${liveOid}`;
}

/** What hangs on a database. */
export async function propertiesOf(cluster: Cluster, name: string): Promise<string> {
  return cluster.psql(
    "postgres",
    `SELECT pg_get_userbyid(datdba), datconnlimit, 
       (SELECT string_agg(one::text, ' ' ORDER BY one::text COLLATE "C")
        FROM unnest(coalesce(datacl, acldefault('d', datdba))) one),
       coalesce(shobj_description(d.oid, 'pg_database'), 'no comment'),
       (SELECT string_agg(setrole::regrole || ':' || setconfig::text, E'\\n' ORDER BY setrole)
        FROM pg_db_role_setting WHERE setdatabase = d.oid)
     FROM pg_database d WHERE datname = '${name}'`,
  );
}

/** Who can connect: PUBLIC as `-`. */
export async function openTo(cluster: Cluster, name: string): Promise<string> {
  return cluster.psql(
    "postgres",
    `SELECT coalesce(string_agg(a.grantee::regrole::text, ' ' ORDER BY 1), 'nobody')
     FROM pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
     WHERE datname = '${name}' AND a.privilege_type = 'CONNECT'`,
  );
}
