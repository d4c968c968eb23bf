import { escapeIdentifier } from "pg";
import type { DatabaseProperties } from "../../../model/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";

/** One privilege of one role on a database. Who granted it does not count: what dbops carries over is granted by the owner. */
export interface Grant {
  /** null: PUBLIC. */
  readonly grantee: string | null;
  readonly privilege: "CREATE" | "TEMPORARY" | "CONNECT";
  readonly withGrant: boolean;
}

type Acl = Pick<DatabaseProperties, "owner" | "accessPrivileges">;

/** Every privilege once, sorted by grantee and privilege; null privileges are PostgreSQL's defaults, spelt out. */
export function grantsOf({ owner, accessPrivileges }: Acl): readonly Grant[] {
  const listed = accessPrivileges?.flatMap(parseItem) ?? [...granted(null, "Tc"), ...granted(owner, "CTc")];
  return sorted(listed);
}

/** Takes every privilege on a database away, and gives exactly these. */
export function grantStatements(database: string, has: Acl, wanted: readonly Grant[]): readonly string[] {
  const on = `ON DATABASE ${escapeIdentifier(database)}`;
  const grantees = new Set([null, ...grantsOf(has).map((one) => one.grantee)]);
  return [
    ...[...grantees].map((grantee) => `REVOKE ALL ${on} FROM ${roleText(grantee)} CASCADE`),
    ...wanted.map(
      ({ grantee, privilege, withGrant }) =>
        `GRANT ${privilege} ${on} TO ${roleText(grantee)}${withGrant ? " WITH GRANT OPTION" : ""}`,
    ),
  ];
}

/** Shuts everyone out but superusers and the role that is kept. */
export function closingStatements(database: string, has: Acl, kept: string | null): readonly string[] {
  const on = `ON DATABASE ${escapeIdentifier(database)}`;
  const able = grantsOf(has).filter((one) => opensTo(one, kept));
  return [
    ...able.map((one) => `REVOKE CONNECT ${on} FROM ${roleText(one.grantee)} CASCADE`),
    ...(kept === null ? [] : [`GRANT CONNECT ${on} TO ${roleText(kept)}`]),
  ];
}

/** What stands after `closingStatements`. */
export function closedGrants(had: Acl, kept: string | null): readonly Grant[] {
  const left = grantsOf(had).filter((one) => !opensTo(one, kept));
  const isThere = kept === null || left.some((one) => one.privilege === "CONNECT");
  return isThere ? left : sorted([...left, { grantee: kept, privilege: "CONNECT", withGrant: false }]);
}

/** True where nobody but superusers and the role that is kept can connect. */
export function isClosed(has: Acl, kept: string | null): boolean {
  return grantsOf(has).every((one) => !opensTo(one, kept));
}

/** Lets somebody else than the kept role connect; null is no role, and not PUBLIC either. */
function opensTo({ grantee, privilege }: Grant, kept: string | null): boolean {
  return privilege === "CONNECT" && (kept === null || grantee !== kept);
}

const LETTERS = { C: "CREATE", T: "TEMPORARY", c: "CONNECT" } as const;

function sorted(grants: readonly Grant[]): readonly Grant[] {
  const merged = new Map<string, Grant>();
  for (const one of grants) {
    const key = JSON.stringify([one.grantee ?? "", one.privilege]);
    merged.set(key, { ...one, withGrant: one.withGrant || merged.get(key)?.withGrant === true });
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant);
}

// `role=Tc*/grantor`: https://www.postgresql.org/docs/current/ddl-priv.html
function parseItem(item: string): readonly Grant[] {
  const read = /^("(?:[^"]|"")*"|[^"=]*)=([A-Za-z*]*)\//.exec(item);
  if (read === null) return fail("INTERNAL", `no access privilege: ${item}`);
  const [, name = "", privileges = ""] = read;
  const grantee = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
  return granted(grantee === "" ? null : grantee, privileges);
}

function granted(grantee: string | null, privileges: string): readonly Grant[] {
  return [...privileges.matchAll(/([A-Za-z])(\*?)/g)].map(([, letter = "", star]) => {
    if (letter !== "C" && letter !== "T" && letter !== "c")
      return fail("INTERNAL", `no privilege of a database: ${letter}`);
    return { grantee, privilege: LETTERS[letter], withGrant: star === "*" };
  });
}

function roleText(role: string | null): string {
  return role === null ? "PUBLIC" : escapeIdentifier(role);
}
