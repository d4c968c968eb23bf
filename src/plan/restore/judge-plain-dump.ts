import { isScripts } from "../../policy/retention.ts";
import type { Problem } from "../../problems/problem.ts";
import { localeFor } from "./properties.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { literal, quoted } from "./sql-text.ts";

/** What can only be found out about the runbook's file while it is loaded, and what stands against that. */
export function judgePlainDump(at: RestoreCase): readonly Problem[] {
  return [
    ...inPlaceProblems(at),
    ...toleratedProblems(at),
    ...sourceProblems(at),
    ...unknowns(at),
    ...otherTables(at),
    ...madeWithDefaults(at),
  ];
}

/** Nothing in it can be left out: what is there and stays there would fail it. */
function inPlaceProblems({ request }: RestoreCase): readonly Problem[] {
  if (!request.inPlace) return [];
  const detail = "--in-place: a plain dump is loaded whole, and so only into a database of its own";
  return [blocked(detail, "leave --in-place out, or restore a backup of dbops' own format", "USAGE")];
}

function toleratedProblems({ request }: RestoreCase): readonly Problem[] {
  if (request.tolerate.length === 0) return [];
  const detail =
    "--tolerate: a plain dump is one transaction, which the first error undoes: there is nothing to go on without";
  return [blocked(detail, "leave --tolerate out, and remove what is in the way of the dump", "USAGE")];
}

/** Nothing in a plain dump says where it was made: only the two files can tell its database from the one that is replaced. */
function sourceProblems({
  environment,
  database,
  restore,
  contents,
  target,
}: RestoreCase): readonly Problem[] {
  const { live } = target;
  if (restore.from === environment.name || live === null || live.markedEnvironment === environment.name)
    return [];
  if (contents.source.endpoint !== null) {
    const told = `only the endpoints in the two files tell ${live.name} from the database of ${restore.from}`;
    return [noted(`a plain dump does not say where it was made: ${told}`)];
  }
  const detail = `nothing tells whether ${live.name} on ${target.endpoint} is the database of ${restore.from}: a plain dump does not say where it was made, and the file of ${restore.from} names no host`;
  const fix = `only if it belongs to ${environment.name}: ALTER DATABASE ${quoted(live.name)} SET dbops.environment = ${literal(environment.name)};`;
  return [
    blocked(
      detail,
      `see whether ${database.name} in ${environment.file} is meant\n${fix}`,
      "DATABASE_MISMATCH",
    ),
  ];
}

function unknowns({
  request,
  restore,
  target,
  contents,
  candidate,
  chosen,
}: RestoreCase): readonly Problem[] {
  const { name } = candidate.backup;
  const version = contents.serverVersion === null ? "its server's version, " : "";
  return [
    noted(
      `${name} is a plain dump: ${version}its roles, extensions, sizes, schema revision and list of entries are not known before it is loaded; a role or extension that ${target.endpoint} lacks stops the load, and nothing of it stays`,
    ),
    ...(chosen.moment === null && isScripts(candidate.backup)
      ? [
          noted(
            `${name} may have got its name before it was dumped, as the scripts give it: then it may hold what was written somewhat later`,
          ),
        ]
      : []),
    noted(
      `all that ${name} says is run as ${target.role.name} in one transaction, which locks every table of it; statements that reach beyond ${restore.live} (programs, files, roles, databases) are refused, but its functions run as ${target.role.name}, and those of a superuser may run programs; one error anywhere stops it, and no follow-up plan goes on from there`,
    ),
    ...(request.jobs === null ? [] : [noted("--jobs: a plain dump is loaded by one session")]),
  ];
}

/** Before it is loaded nothing says which database it is of. */
function otherTables({ request, restore, target }: RestoreCase): readonly Problem[] {
  if (target.live === null) return [];
  const what = `fewer than half of the tables of ${restore.live}`;
  return [
    noted(
      request.keepSchema
        ? `--schema keep: a dump that makes ${what} replaces it all the same, which the load tells`
        : `a dump that makes ${what} is taken for another database's, and does not replace it without --schema keep`,
      "look at it first: --into another name",
    ),
  ];
}

/** There is no database to be like, and none to carry anything over from. */
function madeWithDefaults(at: RestoreCase): readonly Problem[] {
  const { restore, target } = at;
  const { of, locale } = localeFor(at);
  const made = `${locale.encoding}, ${locale.collate}, ${locale.localeProvider}`;
  return [
    ...(of === "server"
      ? [
          noted(
            `a plain dump does not say what ${restore.live} was made with: it gets the encoding and locale of template0 on ${target.endpoint} (${made})`,
          ),
        ]
      : []),
    ...(target.live === null
      ? [
          noted(
            `a plain dump says nothing of owner, privileges, settings, connection limit and comment of its database: ${target.role.name} will own ${restore.live}, and everyone who can log in may connect to it`,
            `after the restore:\nALTER DATABASE ${quoted(restore.live)} OWNER TO …;\nREVOKE CONNECT, TEMPORARY ON DATABASE ${quoted(restore.live)} FROM PUBLIC;`,
          ),
        ]
      : []),
  ];
}
