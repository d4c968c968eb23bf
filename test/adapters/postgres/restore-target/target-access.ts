import { openRestoreTarget } from "../../../../src/adapters/postgres/restore-target/open-restore-target.ts";
import type { Admin, Connection, Database } from "../../../../src/model/environment.ts";
import type { MadeNote } from "../../../../src/model/restore-target.ts";
import type { NewDatabase, RestoreTarget } from "../../../../src/ports/restore-target.ts";
import { DbopsError } from "../../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../../src/problems/problem.ts";
import type { Cluster } from "../../../support/postgres-cluster.ts";
import { declared, secrets } from "../declared.ts";

/** The server as this role; the backup role of the declaration does not exist, so that nothing can use it. */
export function targetOn(cluster: Cluster, user: string = cluster.superuser): RestoreTarget {
  return openRestoreTarget(declaredWith(cluster, adminOf(cluster, user)), { secrets, env: {} });
}

export function adminOf(cluster: Cluster, user: string = cluster.superuser): Admin {
  return { user, password: { file: cluster.passwordFile }, database: "postgres" };
}

export function declaredWith(
  cluster: Cluster,
  admin: Admin | null,
  connection?: Partial<Extract<Connection, { kind: "parts" }>>,
): Database {
  const backup = { user: "no_such_role", password: { file: "/nonexistent/backup-password" } };
  return declared({ ...cluster.connectionOf("shop"), ...backup, ...connection }, { admin });
}

export const PLAIN: NewDatabase = {
  encoding: "UTF8",
  collate: "C.UTF-8",
  ctype: "C.UTF-8",
  localeProvider: "libc",
  icuLocale: null,
  icuRules: null,
};

export function noteOf(state: MadeNote["state"], more: Partial<MadeNote> = {}): MadeNote {
  return {
    state,
    environment: "production",
    database: "shop",
    backup: "20250118_010000",
    plan: "a".repeat(64),
    replacedAt: null,
    ...more,
  };
}

/** The first problem of what this promise rejects with; throws when it does not. */
export async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DbopsError && error.problems[0] !== undefined) return error.problems[0];
    throw error;
  }
  throw new Error("it went well");
}

export async function oidOf(cluster: Cluster, name: string): Promise<number> {
  const quoted = name.replaceAll("'", "''");
  return Number(await cluster.psql("postgres", `SELECT oid FROM pg_database WHERE datname = '${quoted}'`));
}
