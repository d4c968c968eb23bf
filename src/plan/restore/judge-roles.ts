import type { DatabaseProperties } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { countOf } from "../naming.ts";
import { renderSome } from "./amounts.ts";
import type { Content } from "./content.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { quoted } from "./sql-text.ts";

/** Who owns the public schema: every owner of a database is a member of it there. */
const DATABASE_OWNER = "pg_database_owner";

/** Whether the roles of the backup are there, and the admin role may give things to them. */
export function judgeRoles(at: RestoreCase, content: Content): readonly Problem[] {
  const needs = neededRoles(at, content);
  const there = new Set(at.target.roles);
  const missing = needs.filter((one) => !there.has(one.role));
  return [
    ...missingProblems(at, missing),
    ...otherRoles(at, missing),
    ...membershipProblems(
      at,
      needs.filter((one) => there.has(one.role)),
    ),
  ];
}

interface Need {
  readonly role: string;
  readonly for: string;
  /** False where the database itself, or an entry whose failure nobody accepted, needs it. */
  readonly accepted: boolean;
  /** It has to be given ownership or default privileges. */
  readonly owns: boolean;
}

/** Each role once, sorted, with what needs it. */
function neededRoles(at: RestoreCase, content: Content): readonly Need[] {
  const owned = new Map<string, { first: string; count: number; accepted: boolean }>();
  for (const entry of content.loaded) {
    const owner = content.owner(entry);
    if (owner.state === "none") continue;
    const known = owned.get(owner.role) ?? { first: entry.text, count: 0, accepted: true };
    const accepted = known.accepted && content.tolerated.has(entry.text);
    owned.set(owner.role, { first: known.first, count: known.count + 1, accepted });
  }
  const owners = [...owned].map(([role, { first, count, accepted }]) => ({
    role,
    for: count === 1 ? first : `${count} entries, the first is ${first}`,
    accepted,
    owns: true,
  }));
  const ofDatabase = at.target.live === null ? rolesOf(at.contents.properties) : [];
  const others = ofDatabase
    .filter((one) => !owned.has(one.role))
    .map((one) => ({ ...one, accepted: false, owns: one.for === "the database itself" }));
  return [...owners, ...others].sort((a, b) => (a.role < b.role ? -1 : 1));
}

/** The roles that the properties of a database name: they are set where there is no database to carry them over from. */
function rolesOf(
  properties: DatabaseProperties | null,
): readonly { readonly role: string; readonly for: string }[] {
  if (properties === null) return [];
  const named = [
    { role: properties.owner, for: "the database itself" },
    ...(properties.accessPrivileges ?? []).flatMap((item) => {
      const role = granteeOf(item);
      return role === "" ? [] : [{ role, for: "privileges on the database" }];
    }),
    ...properties.settings.flatMap(({ role }) =>
      role === null ? [] : [{ role, for: "its settings in the database" }],
    ),
  ];
  return [...new Map(named.toReversed().map((one) => [one.role, one])).values()];
}

/** Who is granted something by an aclitem, `"a b"=Tc/postgres`; empty for everyone. */
function granteeOf(item: string): string {
  const quotedName = /^"((?:[^"]|"")*)"=/.exec(item)?.[1];
  return quotedName?.replaceAll('""', '"') ?? item.slice(0, Math.max(0, item.indexOf("=")));
}

function missingProblems(at: RestoreCase, missing: readonly Need[]): readonly Problem[] {
  const needed = missing.filter((one) => !one.accepted);
  const reserved = needed.filter((one) => one.role.startsWith("pg_"));
  const others = needed.filter((one) => !one.role.startsWith("pg_"));
  const { endpoint } = at.target;
  return [
    ...(others.length === 0
      ? []
      : [
          blocked(
            `${endpoint} lacks ${countOf(others.length, "role")} that the backup needs: ${others.map((one) => `${one.role} (${one.for})`).join("; ")}`,
            [
              `create them, as they were (attributes and memberships stand in ${at.contents.globals}, passwords nowhere):`,
              ...others.map((one) => `CREATE ROLE ${quoted(one.role)};`),
            ].join("\n"),
          ),
        ]),
    ...reserved.map((one) =>
      blocked(
        `${endpoint} has no role ${one.role} (${one.for}): PostgreSQL makes it in a later version`,
        "restore to a server of the backup's version, or accept the failures with --tolerate",
      ),
    ),
  ];
}

/** Privileges granted to them would fail to load; which are used, a table of contents does not tell. */
function otherRoles({ contents, target }: RestoreCase, missing: readonly Need[]): readonly Problem[] {
  const known = new Set([...target.roles, ...missing.map((one) => one.role)]);
  const others = contents.roles.filter((role) => !known.has(role));
  return others.length === 0
    ? []
    : [
        noted(
          `${countOf(others.length, "role")} of the server that was backed up ${others.length === 1 ? "is" : "are"} not on ${target.endpoint}: ${renderSome(others)}; a privilege granted to one of them fails to load`,
          others.map((role) => `CREATE ROLE ${quoted(role)};`).join("\n"),
        ),
      ];
}

function membershipProblems({ target }: RestoreCase, needs: readonly Need[]): readonly Problem[] {
  const { role } = target;
  if (role.isSuperuser) return [];
  const foreign = needs.filter(
    (one) => one.owns && !one.accepted && one.role !== DATABASE_OWNER && !role.memberOf.includes(one.role),
  );
  return foreign.length === 0
    ? []
    : [
        blocked(
          `${role.name} is no superuser, and so has to be a member of who owns what it loads: ${foreign.map((one) => `${one.role} (${one.for})`).join("; ")}`,
          foreign.map((one) => `GRANT ${quoted(one.role)} TO ${quoted(role.name)};`).join("\n"),
          "ADMIN_RIGHTS_MISSING",
        ),
      ];
}
