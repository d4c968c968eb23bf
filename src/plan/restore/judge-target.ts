import type { Environment } from "../../model/environment.ts";
import { isMadeName } from "../../model/made-database.ts";
import type { Problem } from "../../problems/problem.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { literal, quoted } from "./sql-text.ts";

/** Whether the server is the one that is meant, and lets dbops put a database there. */
export function judgeTarget(at: RestoreCase): readonly Problem[] {
  return [...identityProblems(at), ...nameProblems(at), ...rightProblems(at), ...trustProblems(at)];
}

/** Another server, a clone, somebody else's database: nothing of that kind is replaced by mistake. */
function identityProblems(at: RestoreCase): readonly Problem[] {
  return [...cloneProblems(at), ...sourceProblems(at), ...markProblems(at), ...otherServerProblems(at)];
}

/** A physical clone has the identifier and the oids of its source: only the endpoint tells them apart. */
function cloneProblems({ environment, database, contents, target }: RestoreCase): readonly Problem[] {
  const { endpoint, systemIdentifier } = contents.source;
  const isSame = systemIdentifier !== null && systemIdentifier === target.systemIdentifier;
  if (!isSame || endpoint === null || endpoint === target.endpoint || database.cloneOf === endpoint)
    return [];
  return [
    refused(
      `${target.endpoint} has the system identifier of ${endpoint}, which was backed up: it is the same server under another name, or a physical clone of it`,
      `write cloneOf: ${endpoint} for ${database.name} in ${environment.file} if a clone is meant`,
    ),
  ];
}

/**
 * A backup of another environment never goes over the database that it is of. A database of the same name on the same server
 * is that one as well: a restore gave it another oid. Its mark says that it has become this environment's.
 */
function sourceProblems(at: RestoreCase): readonly Problem[] {
  const { environment, restore, contents, target } = at;
  const { live } = target;
  if (restore.from === environment.name || live === null || live.markedEnvironment === environment.name)
    return [];
  const { oid, database } = contents.source;
  if (!isOnItsServer(at) || (oid !== live.oid && database !== live.name)) return [];
  return [
    refused(
      `${live.name} on ${target.endpoint} is the database of ${restore.from} that was backed up: a restore in ${environment.name} would replace it`,
      [
        `let ${at.database.name} in ${environment.file} lead to a server or database of its own, or give it back where it is: dbops plan ${restore.from} restore …`,
        `only if it belongs to ${environment.name} now: ALTER DATABASE ${quoted(live.name)} SET dbops.environment = ${literal(environment.name)};`,
      ].join("\n"),
    ),
  ];
}

/** Whether the target is the server that was backed up, and no clone of it that is declared as one. */
function isOnItsServer({ database, contents, target }: RestoreCase): boolean {
  const { endpoint, systemIdentifier } = contents.source;
  if (systemIdentifier === null || target.systemIdentifier === null) return endpoint === target.endpoint;
  if (systemIdentifier !== target.systemIdentifier) return false;
  return endpoint === null || endpoint === target.endpoint || database.cloneOf !== endpoint;
}

function markProblems({ environment, restore, target }: RestoreCase): readonly Problem[] {
  const marked = target.live?.markedEnvironment ?? null;
  if (marked === null || marked === environment.name) return [];
  return [
    refused(
      `${restore.live} on ${target.endpoint} is marked as one of ${marked} (dbops.environment), not of ${environment.name}`,
      `look whether ${environment.file} names the right server and database`,
    ),
  ];
}

function otherServerProblems(at: RestoreCase): readonly Problem[] {
  const { environment, database, target, observation, request } = at;
  const seen = observation.databases[database.name];
  if (seen?.state !== "reachable" || target.live === null || request.into !== null) return [];
  const identifiers = [seen.identity.systemIdentifier, target.systemIdentifier].filter((one) => one !== null);
  if (seen.identity.oid === target.live.oid && new Set(identifiers).size < 2) return [];
  return [
    refused(
      `the admin role reaches another ${at.restore.live} on ${target.endpoint} than the backup role`,
      `let both of ${database.name} in ${environment.file} lead to one server`,
    ),
  ];
}

function nameProblems({ environment, database, request, restore, target }: RestoreCase): readonly Problem[] {
  const { into } = request;
  if (into === null)
    return target.live === null
      ? [
          noted(
            `nothing is called ${restore.live} on ${target.endpoint}: it will appear there when it is verified`,
          ),
        ]
      : [];
  if (target.live !== null)
    return [
      blocked(
        `--into ${into}: ${target.endpoint} has a database of that name`,
        "give a name that is free, or drop it yourself",
        "DATABASE_EXISTS",
      ),
    ];
  const why = whyNotInto(environment, into, database.admin?.database ?? "postgres");
  return why === null ? [] : [blocked(`--into ${into}: ${why}`, "give another name", "USAGE")];
}

function whyNotInto(environment: Environment, into: string, maintenance: string): string | null {
  const bytes = Buffer.byteLength(into);
  if (bytes === 0 || bytes > 63 || into.includes("\0")) return "a name has 1 to 63 bytes";
  if (isMadeName(into)) return "such names are made by dbops alone";
  if (["postgres", "template0", "template1", maintenance].includes(into))
    return "that name is the server's own";
  const declared = environment.databases.find(
    ({ connection, name }) => (connection.kind === "parts" ? connection.database : name) === into,
  );
  return declared === undefined
    ? null
    : `${environment.file} declares it as ${declared.name}; leave --into out`;
}

function rightProblems({ request, restore, target }: RestoreCase): readonly Problem[] {
  const { role, live } = target;
  const admin = quoted(role.name);
  if (request.inPlace || role.isSuperuser) return [];
  const owner = live?.properties.owner ?? null;
  return [
    ...(role.canCreateDatabases
      ? []
      : [
          blocked(
            `${role.name} may not create databases on ${target.endpoint}`,
            `ALTER ROLE ${admin} CREATEDB;${live === null || request.into !== null ? "" : "\nor without one, in the live database itself, whose schemas are moved aside: --in-place"}`,
            "ADMIN_RIGHTS_MISSING",
          ),
        ]),
    ...(owner === null || role.memberOf.includes(owner)
      ? []
      : [
          blocked(
            `${role.name} cannot rename ${restore.live}, which belongs to ${owner}`,
            `GRANT ${quoted(owner)} TO ${admin};`,
            "ADMIN_RIGHTS_MISSING",
          ),
        ]),
    ...(live === null || role.memberOf.includes("pg_signal_backend")
      ? []
      : [
          noted(
            `${role.name} can end only sessions of roles that it is a member of: others keep the swap from happening`,
            `GRANT pg_signal_backend TO ${admin};`,
          ),
        ]),
  ];
}

/** What an archive holds is run, and by whom. */
function trustProblems({
  environment,
  database,
  restore,
  contents,
  target,
}: RestoreCase): readonly Problem[] {
  const { role, endpoint } = target;
  if (!role.isSuperuser) return [];
  const source = `${database.name} of ${restore.from}`;
  const code = contents.form === "archive" ? "the archive" : "the dump";
  const isForeign = restore.from !== environment.name;
  const trusted = isForeign
    ? `${restore.from} is trusted as much as ${environment.name}`
    : `all who write to it are trusted with all of ${endpoint}`;
  return [
    noted(
      `${role.name} is a superuser on ${endpoint}, and loads with its rights whatever code ${code} holds (functions in constraints, defaults and index expressions): whoever could write to ${source} can do on ${endpoint} what ${role.name} can`,
      `unless ${trusted}: name a role that is no superuser as admin of ${database.name} in ${environment.file}`,
    ),
  ];
}

function refused(detail: string, fix: string): Problem {
  return blocked(detail, fix, "DATABASE_MISMATCH");
}
