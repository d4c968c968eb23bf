import { escapeIdentifier, escapeLiteral } from "pg";
import type { DatabaseProperties } from "../../../model/restore-target.ts";
import { grantStatements, grantsOf } from "./database-acl.ts";

/**
 * What hangs on a database and goes over to the one that takes its name. Not its tablespace, for which every file would have to be copied;
 * not ALLOW_CONNECTIONS and IS_TEMPLATE, which say what somebody does with it just now; not its collation version, which says
 * what the indexes *of that one* were built with.
 */
export type Carried = Pick<
  DatabaseProperties,
  "owner" | "connectionLimit" | "accessPrivileges" | "comment" | "settings"
>;

/** One statement of the swap. */
export interface Change {
  readonly sql: string;
  /** What it does, for messages: the statement itself can hold a secret. */
  readonly what: string;
  /** What lets the admin role do it. */
  readonly fix: string;
  /** The server's message can quote a value that is nobody's business. */
  readonly isHushed: boolean;
}

export interface Carrying {
  /** The name that it has now. */
  readonly database: string;
  readonly admin: string;
  readonly wanted: Carried;
  readonly has: Carried;
}

/** First of all: ALTER DATABASE … OWNER rewrites the privileges. Empty where nothing differs. */
export function ownerChanges({ database, admin, wanted, has }: Carrying): readonly Change[] {
  if (wanted.owner === has.owner) return [];
  const owner = escapeIdentifier(wanted.owner);
  const sql = `ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${owner}`;
  const fix = `GRANT ${owner} TO ${escapeIdentifier(admin)};`;
  return [{ sql, what: `give ${database} to its owner ${wanted.owner}`, fix, isHushed: false }];
}

/** Everything but the owner. Empty where nothing differs. */
export function changesTo(carrying: Carrying): readonly Change[] {
  const { database, admin, wanted, has } = carrying;
  const name = escapeIdentifier(database);
  const own = `GRANT ${escapeIdentifier(wanted.owner)} TO ${escapeIdentifier(admin)};`;
  const plain = (sql: string, what: string): Change => ({ sql, what, fix: own, isHushed: false });
  const grants = isSame(grantsOf(wanted), grantsOf(has))
    ? []
    : grantStatements(database, has, grantsOf(wanted));
  return [
    ...grants.map((sql) => plain(sql, `set the privileges of ${database}`)),
    ...(wanted.connectionLimit === has.connectionLimit
      ? []
      : [
          plain(
            `ALTER DATABASE ${name} CONNECTION LIMIT ${wanted.connectionLimit}`,
            `set the connection limit of ${database}`,
          ),
        ]),
    ...(textOf(wanted.comment) === textOf(has.comment)
      ? []
      : [plain(commentSql(database, wanted.comment), `set the comment of ${database}`)]),
    ...settingChanges(carrying),
  ];
}

export function commentSql(database: string, comment: string | null): string {
  return `COMMENT ON DATABASE ${escapeIdentifier(database)} IS ${comment === null ? "NULL" : escapeLiteral(comment)}`;
}

/** What is not as it was to be carried over, in words without values of settings; empty: all is. */
export function differences(wanted: Carried, has: Carried): readonly string[] {
  const grants = isSame(grantsOf(wanted), grantsOf({ ...has, owner: wanted.owner }));
  const settings = changedSettings(wanted, has).map(({ role, name }) => settingText(role, name));
  return [
    ...(wanted.owner === has.owner ? [] : [`its owner is ${has.owner}, not ${wanted.owner}`]),
    ...(grants ? [] : ["its privileges are others"]),
    ...(wanted.connectionLimit === has.connectionLimit
      ? []
      : [`its connection limit is ${has.connectionLimit}, not ${wanted.connectionLimit}`]),
    ...(textOf(wanted.comment) === textOf(has.comment) ? [] : ["its comment is another one"]),
    ...(settings.length === 0 ? [] : [`these settings are others: ${settings.join(", ")}`]),
  ];
}

interface Setting {
  /** null: of the database. */
  readonly role: string | null;
  readonly name: string;
  /** null: not set. */
  readonly value: string | null;
}

function settingChanges({ database, admin, wanted, has }: Carrying): readonly Change[] {
  return changedSettings(wanted, has).map(({ role, name, value }) => {
    const of =
      role === null
        ? `ALTER DATABASE ${escapeIdentifier(database)}`
        : `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(database)}`;
    const parameter = name.split(".").map(escapeIdentifier).join(".");
    const to = value === null ? `RESET ${parameter}` : `SET ${parameter} TO ${valueText(name, value)}`;
    const lacks = [
      ...(role === null ? [] : [`ALTER ROLE ${escapeIdentifier(admin)} CREATEROLE;`]),
      `GRANT SET ON PARAMETER ${parameter} TO ${escapeIdentifier(admin)};`,
    ];
    return {
      sql: `${of} ${to}`,
      what: `set ${settingText(role, name)} in ${database}`,
      fix: `as a superuser, what is missing of\n${lacks.join("\n")}\nor set it as the replaced database has it: what is right is left alone`,
      isHushed: true,
    };
  });
}

function changedSettings(wanted: Carried, has: Carried): readonly Setting[] {
  const target = settingsOf(wanted);
  const present = settingsOf(has);
  const gone = [...present].filter(([key]) => !target.has(key)).map(([, one]) => ({ ...one, value: null }));
  const set = [...target].filter(([key, one]) => present.get(key)?.value !== one.value).map(([, one]) => one);
  return [...gone, ...set];
}

function settingsOf({ settings }: Carried): ReadonlyMap<string, Setting> {
  return new Map(
    settings.flatMap(({ role, settings: texts }) =>
      texts.map((text) => {
        const end = text.indexOf("=");
        const one = { role, name: text.slice(0, end), value: text.slice(end + 1) };
        return [JSON.stringify([role, one.name.toLowerCase()]), one] as const;
      }),
    ),
  );
}

/** As pg_dump has them: variable_is_guc_list_quote() in its dumputils.c. Their values are lists of quoted names. */
const LISTS = new Set([
  ...["local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries"],
  ...["temp_tablespaces", "unix_socket_directories"],
]);

function valueText(name: string, value: string): string {
  if (!LISTS.has(name.toLowerCase())) return escapeLiteral(value);
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
  return names.length === 0 ? "''" : names.map(escapeLiteral).join(", ");
}

function settingText(role: string | null, name: string): string {
  return role === null ? name : `${name} of role ${role}`;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** PostgreSQL takes an empty comment for none. */
function textOf(comment: string | null): string {
  return comment ?? "";
}
