import { DbopsError } from "../../../problems/dbops-error.ts";
import { problem } from "../../../problems/problem.ts";
import { factsOf, queryError } from "../connection-problem.ts";
import { withoutData } from "../load/without-data.ts";
import type { Target } from "../target.ts";

/** As `queryError`, of a statement of the admin role; passes a DbopsError on. */
export function targetError(error: unknown, target: Target): DbopsError {
  if (error instanceof DbopsError) return error;
  const { code, message } = factsOf(error);
  const detail = `${target.database} at ${target.endpoint}: ${withoutData(message, code)} (${code})`;
  if (code === "42501")
    return new DbopsError(
      [
        problem("ADMIN_RIGHTS_MISSING", `${target.user} in ${detail}`, {
          fix: `grant ${target.user} what the server misses, or name another role as admin, then apply again`,
        }),
      ],
      error,
    );
  const known = queryError(error, target);
  if (!known.is("DUMP_FAILED")) return known;
  return new DbopsError([problem("RESTORE_FAILED", detail, { fix: fixOf(code) })], error);
}

function fixOf(code: string): string {
  if (code === "53100") return "make room on the server's disk, then apply again";
  if (code === "55006" || code === "55P03")
    return "find out who uses it, then apply again:\nSELECT datname, pid, usename, backend_type FROM pg_stat_activity;\nSELECT slot_name, database, active_pid FROM pg_replication_slots;\nSELECT gid, database, owner FROM pg_prepared_xacts;";
  return "look into the server's log, then apply again";
}
