import type { Database } from "../../../model/environment.ts";
import type { RestoreTarget } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import type { Secrets } from "../target.ts";
import { adminAccess } from "./admin-access.ts";

/** The port over node-pg and pg_restore. Nothing is resolved or opened before the first call. */
export function openRestoreTarget(
  database: Database,
  secrets: Secrets,
  env: NodeJS.ProcessEnv = process.env,
): RestoreTarget {
  const access = adminAccess(database, { secrets, env });
  const missing = (what: string) => () => fail("INTERNAL", `${access.name}: ${what} is not built`);
  return {
    inspect: missing("inspect"),
    find: missing("find"),
    create: missing("create"),
    setNote: missing("setNote"),
    drop: missing("drop"),
    load: missing("load"),
    analyze: missing("analyze"),
    runScript: missing("runScript"),
    tables: missing("tables"),
    ask: missing("ask"),
    swap: missing("swap"),
  };
}
