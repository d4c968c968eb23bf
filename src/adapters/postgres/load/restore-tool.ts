import { fail } from "../../../problems/dbops-error.ts";
import { findTool, installedTools, type Tool } from "../tools.ts";

/**
 * The pg_restore of the target server's own major where that reads the archive, else the lowest that reads it: a newer one
 * sends settings that an older server refuses. Throws TOOL_MISSING or TOOL_TOO_OLD.
 */
export async function findRestoreTool(
  wanted: { readonly madeBy: string; readonly serverMajor: number },
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Tool> {
  const made = majorOf(wanted.madeBy);
  const { tools } = await installedTools("pg_restore", env);
  signal.throwIfAborted();
  const own = tools.find((tool) => tool.major === wanted.serverMajor && tool.major >= made);
  return own ?? findTool("pg_restore", made, env, signal);
}

/** Of the version line of a pg_dump: `pg_dump (PostgreSQL) 15.18`, `pg_dump (PostgreSQL) 19beta1`. */
export function majorOf(version: string): number {
  const major = /\(PostgreSQL\) (\d+)/.exec(version)?.[1];
  return major === undefined
    ? fail("MANIFEST_INVALID", `not the version of a pg_dump: ${version.slice(0, 100)}`)
    : Number(major);
}
