import type { Problem } from "../problems/problem.ts";

/** The server that a restore writes to, as its admin role sees it. */
export type TargetObservation =
  | ({ readonly state: "reachable" } & TargetFacts)
  | { readonly state: "unreadable"; readonly problem: Problem };

export interface TargetFacts {
  /** As `DatabaseIdentity.endpoint`. */
  readonly endpoint: string;
  /** null where the role may not ask for it. */
  readonly systemIdentifier: string | null;
  /** As the server prints it, `15.18`. */
  readonly serverVersion: string;
  readonly role: AdminRole;
  /** Names of all roles, sorted. */
  readonly roles: readonly string[];
  /** Names of all tablespaces, sorted. */
  readonly tablespaces: readonly string[];
  /** Names of extensions that can be created, sorted, with all their versions. */
  readonly extensions: readonly { readonly name: string; readonly versions: readonly string[] }[];
  /** The database that would be replaced; null: there is none of that name. */
  readonly live: LiveDatabase | null;
  /** Encoding, locale and provider of template0: what a database gets for which nothing else is known. */
  readonly template: DatabaseLocale;
  /** Databases that dbops made on this server, sorted by name. */
  readonly made: readonly MadeDatabase[];
}

export interface AdminRole {
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly canCreateDatabases: boolean;
  /** Roles it is a member of, directly or not, itself included; sorted. */
  readonly memberOf: readonly string[];
}

/** A database that stands where the restored one is to go. */
export interface LiveDatabase {
  readonly name: string;
  readonly oid: number;
  /** null where the role may not ask for it. */
  readonly sizeBytes: number | null;
  readonly properties: DatabaseProperties;
  /** `ALTER DATABASE … SET dbops.environment`; null where nobody set it. */
  readonly markedEnvironment: string | null;
  /** false: nobody can connect, superusers included; not given: true. */
  readonly allowsConnections?: false;
  /** Alembic's revision in it; null when it has none, or could not be asked. */
  readonly schemaRevision: string | null;
  /** Why the revision could not be asked; not given: it could. */
  readonly revisionProblem?: Problem;
  /** Replication slots of it, sorted by name: they stay with it. */
  readonly slots: readonly {
    readonly name: string;
    readonly type: "logical" | "physical";
    readonly active: boolean;
  }[];
  /** Subscriptions in it, sorted by name: they stay with it, and an enabled one's worker keeps it from being renamed. */
  readonly subscriptions: readonly { readonly name: string; readonly enabled: boolean }[];
  /** Sessions in it now, the asking one left out. */
  readonly sessions: number;
}

/** What a database is made with, and never gets again. */
export type DatabaseLocale = Pick<
  DatabaseProperties,
  "encoding" | "collate" | "ctype" | "localeProvider" | "icuLocale" | "icuRules"
>;

/** What hangs on a database and not on its content: a restore into another one has to carry it over. */
export interface DatabaseProperties {
  readonly owner: string;
  /** `UTF8`. */
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly localeProvider: "libc" | "icu" | "builtin";
  readonly icuLocale: string | null;
  readonly icuRules: string | null;
  readonly tablespace: string;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** aclitem texts, `=Tc/postgres`; null: the defaults. */
  readonly accessPrivileges: readonly string[] | null;
  readonly comment: string | null;
  /** `name=value` texts, of the database (role null) and of roles in it; sorted by role. */
  readonly settings: readonly { readonly role: string | null; readonly settings: readonly string[] }[];
}

/** A side database or the one it replaced, told by name and comment; see `model/made-database.ts`. */
export interface MadeDatabase {
  readonly name: string;
  readonly oid: number;
  /** null where the role may not ask for it. */
  readonly sizeBytes: number | null;
  readonly note: MadeNote | null;
}

/** What the comment of such a database says, for people and for a later run. */
export interface MadeNote {
  /**
   * side: being loaded · partial: all but entries that failed, and counted · loaded: whole and counted · old: replaced by a
   * restore, kept for a while.
   */
  readonly state: "side" | "partial" | "loaded" | "old";
  readonly environment: string;
  /** The database's name in stores. */
  readonly database: string;
  /** The backup it was, or its successor was, restored from. */
  readonly backup: string;
  /** Digest of the plan. */
  readonly plan: string;
  /** When it was replaced; null unless `old`. */
  readonly replacedAt: string | null;
  /** The backup of an `old` one that a drop counted on; not given: none did, or the drop came through. */
  readonly keptAs?: string;
  /** Of a `partial` one: `failedDigest` of the entries that failed. */
  readonly failed?: string;
}
