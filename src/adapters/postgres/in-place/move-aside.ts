import { escapeIdentifier, escapeLiteral } from "pg";
import { asideName, looseText, renderAsideNote } from "../../../model/aside-schema.ts";
import type { AsideNote, LooseObject, MadeSchema, NamedSchema } from "../../../model/in-place.ts";
import type { Aside } from "../../../ports/in-place-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { type AdminAccess, inSession } from "../restore-target/admin-access.ts";
import { endSessionsSql } from "../restore-target/database-holders.ts";
import type { Session } from "../session.ts";
import { plannedNote, refuseUnfinished, type SchemaNow, schemasNow } from "./aside-state.ts";
import { LOOSE } from "./catalog.ts";
import { changeInside, endOthers, type Inside } from "./change-inside.ts";
import { closeDatabase } from "./doors.ts";

/** As `InPlaceTarget.moveAside`. */
export async function moveAside(
  access: AdminAccess,
  aside: Aside,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const left = await changeInside(access, aside, (inside) => move(inside, aside), signal);
  if (!aside.moves.closes) return left;
  // who connected before COMMIT is still in; from now on nobody can
  await inSession(access, aside.database.name, signal, (session) =>
    session.query(endSessionsSql([aside.database.oid])),
  );
  return left;
}

async function move(inside: Inside, aside: Aside): Promise<readonly string[]> {
  const { session } = inside;
  const now = await schemasNow(session);
  if ((await plannedNote(session, aside, ["aside"])) !== null) return [];
  await refuseUnfinished(session, aside);
  refuseOthers(aside, now);
  await refuseLargeObjects(session, aside);
  const left = await endOthers(inside, aside);
  const note = await noteOf(inside, aside);
  await session.query(`CREATE SCHEMA ${escapeIdentifier(aside.marker)}`);
  await writeNote(session, aside.marker, note);
  if (aside.moves.closes) await closeDatabase(inside, aside.database.name);
  await renameAll(
    session,
    aside.moves.schemas.map(({ name }, index) => ({ from: name, to: asideName(aside.marker, index + 1) })),
  );
  for (const one of aside.moves.made) await makeSchema(session, one);
  for (const { name, schema } of aside.moves.extensions) await moveExtension(session, name, schema);
  refuseArrived(aside, await schemasNow(session));
  return left;
}

/** In one message: there may be thousands. */
export async function renameAll(
  session: Session,
  renames: readonly { readonly from: string; readonly to: string }[],
): Promise<void> {
  if (renames.length === 0) return;
  const statements = renames.map(
    ({ from, to }) => `ALTER SCHEMA ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`,
  );
  await session.query(statements.join(";\n"));
}

/**
 * An empty schema. `public` as initdb makes it: an archive holds only how its privileges and comment differ from that, so
 * that what somebody else gave to the replaced one would be mixed in.
 */
export async function makeSchema(session: Session, { name, owner }: MadeSchema): Promise<void> {
  const schema = escapeIdentifier(name);
  const of = owner === null ? "" : ` AUTHORIZATION ${escapeIdentifier(owner)}`;
  await session.query(`CREATE SCHEMA ${schema}${of}`);
  if (name !== "public") return;
  const [row] = await session.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  const privileges = (row?.major ?? 0) < 15 ? "CREATE, USAGE" : "USAGE";
  await session.query(`GRANT ${privileges} ON SCHEMA ${schema} TO PUBLIC`);
  await session.query(`COMMENT ON SCHEMA ${schema} IS 'standard public schema'`);
}

export async function moveExtension(session: Session, name: string, schema: string): Promise<void> {
  await session.query(`ALTER EXTENSION ${escapeIdentifier(name)} SET SCHEMA ${escapeIdentifier(schema)}`);
}

export async function writeNote(session: Session, marker: string, note: AsideNote): Promise<void> {
  await session.query(
    `COMMENT ON SCHEMA ${escapeIdentifier(marker)} IS ${escapeLiteral(renderAsideNote(note))}`,
  );
}

/** What stands in no schema now. */
export async function looseNow(
  session: Session,
): Promise<readonly (LooseObject & { readonly drop: string })[]> {
  await session.query("SET LOCAL search_path = ''");
  const found = await session.query<LooseObject & { readonly drop: string }>(LOOSE);
  await session.query("SET LOCAL search_path = pg_catalog");
  return found;
}

const NOW = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`;

async function noteOf({ session, database }: Inside, { plan, moves, of }: Aside): Promise<AsideNote> {
  const [row] = await session.query<{ now: string }>(NOW);
  const { owner, accessPrivileges } = database.properties;
  return {
    state: "aside",
    environment: of.environment,
    database: of.database,
    backup: of.backup,
    plan,
    movedAt: row?.now ?? fail("INTERNAL", "a server told no time"),
    privileges: moves.closes ? { owner, items: accessPrivileges } : null,
    loose: (await looseNow(session)).map(looseText),
    ...moves,
  };
}

function refuseOthers({ moves, database }: Aside, now: readonly SchemaNow[]): void {
  const planned = [...moves.schemas, ...moves.stays];
  const [other] = [
    ...planned
      .filter((one) => !isAmong(now, one))
      .map(({ name }) => `${name} is not the one that was planned`),
    ...now.filter((one) => !isAmong(planned, one)).map(({ name }) => `${name} was made since`),
  ];
  if (other !== undefined) changed(`the schemas of ${database.name} are not those of the plan: ${other}`);
}

/** Under a name that is not planned for, something was made while the others were renamed. */
function refuseArrived(aside: Aside, now: readonly SchemaNow[]): void {
  const { marker, moves, database } = aside;
  const moved = moves.schemas.map(({ oid }, index) => ({ oid, name: asideName(marker, index + 1) }));
  const lacking = moved.find((one) => !isAmong(now, one));
  if (lacking !== undefined) changed(`somebody changes the schemas of ${database.name} at this moment`);
  const known = new Set([...moved, ...moves.stays, ...moves.made].map(({ name }) => name).concat(marker));
  const arrived = now.find(({ name }) => !known.has(name));
  if (arrived !== undefined)
    changed(`the schema ${arrived.name} was made in ${database.name} at this moment`);
}

async function refuseLargeObjects(session: Session, { moves, database }: Aside): Promise<void> {
  const [row] = await session.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_largeobject_metadata) AS found",
  );
  if (row?.found === moves.hasLargeObjects) return;
  changed(
    `${database.name} has ${moves.hasLargeObjects ? "no large objects any more" : "large objects by now"}`,
  );
}

function isAmong(schemas: readonly NamedSchema[], { name, oid }: NamedSchema): boolean {
  return schemas.some((one) => one.name === name && one.oid === oid);
}

function changed(detail: string): never {
  fail("TARGET_CHANGED", detail, { fix: "look who changed it, and plan the restore again" });
}
