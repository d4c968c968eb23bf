import { fail } from "../../../problems/dbops-error.ts";
import { findTool, type Tool } from "../tools.ts";

/** The first minor versions whose psql takes `\restrict`: from there on no `\` command of a dump can run (CVE-2025-8714). */
const FIRST_MINOR: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

/** As `findTool`; TOOL_TOO_OLD also for a psql that could be led to run a program by a plain dump. */
export async function findPsql(
  serverMajor: number,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Tool> {
  const tool = await findTool("psql", serverMajor, env, signal);
  if (knowsRestrict(tool)) return tool;
  const detail = `${tool.path} is ${tool.version}, which a plain dump could make run programs`;
  return fail("TOOL_TOO_OLD", detail, {
    fix: `apt-get install --only-upgrade postgresql-client-${tool.major}`,
  });
}

export function knowsRestrict({ version, major }: Pick<Tool, "version" | "major">): boolean {
  if (major >= 18) return true;
  const minor = Number(/ \d+\.(\d+)/.exec(version)?.[1] ?? -1);
  return minor >= (FIRST_MINOR[major] ?? Number.POSITIVE_INFINITY);
}
