import { execFile } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { fail } from "../../problems/dbops-error.ts";

export type ToolName = "pg_dump" | "pg_dumpall" | "pg_restore" | "psql";

/** One of PostgreSQL's programs that is installed here and starts. */
export interface Tool {
  readonly path: string;
  /** As it prints it, without what a packager adds: `pg_dump (PostgreSQL) 15.18`. */
  readonly version: string;
  readonly major: number;
}

/**
 * The program of the server's own major version, else the lowest newer one (17 and later send settings that older servers
 * refuse at restore). Looked for only in DBOPS_PG_BINDIR where it is set, else where packages put it and on PATH.
 * Throws TOOL_MISSING or TOOL_TOO_OLD. Each program is asked for its version once.
 */
export async function findTool(
  name: ToolName,
  serverMajor: number,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Tool> {
  const { folders, tools } = await installedTools(name, env);
  signal.throwIfAborted();
  const found = chooseTool(tools, serverMajor);
  if (found !== null) return found;
  const install = `apt-get install postgresql-client-${serverMajor}`;
  if (tools.length === 0)
    return fail("TOOL_MISSING", `${name} is in none of ${folders.join(", ")}`, { fix: install });
  const had = tools.map((tool) => `${tool.path}: ${tool.version}`).join(", ");
  return fail("TOOL_TOO_OLD", `the server is PostgreSQL ${serverMajor}, and there is only ${had}`, {
    fix: install,
  });
}

/** All that are installed here and start, in the order of the folders that were looked in. */
export async function installedTools(
  name: ToolName,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly folders: readonly string[]; readonly tools: readonly Tool[] }> {
  const folders = toolFolders(env);
  const asked = folders.map((folder) => join(folder, name)).filter(isProgram);
  const tools = await Promise.all(asked.map((path) => versionOf(path)));
  return { folders, tools: tools.filter((tool) => tool !== null) };
}

/** Decides: the server's major first, then the lowest newer; among equals the first found. */
export function chooseTool(tools: readonly Tool[], serverMajor: number): Tool | null {
  const usable = tools.filter((tool) => tool.major >= serverMajor);
  return usable.reduce<Tool | null>(
    (best, tool) => (best === null || tool.major < best.major ? tool : best),
    null,
  );
}

function toolFolders(env: NodeJS.ProcessEnv): string[] {
  const only = env["DBOPS_PG_BINDIR"];
  if (only !== undefined && only !== "") return [only];
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [
    ...numbered("/usr/lib/postgresql", /^(\d+)$/, "bin"),
    ...numbered("/usr", /^pgsql-(\d+)$/, "bin"),
    ...numbered("/opt/homebrew/opt", /^(?:postgresql|libpq)@?(\d*)$/, "bin"),
    ...numbered("/usr/local/opt", /^(?:postgresql|libpq)@?(\d*)$/, "bin"),
    ...path,
  ];
}

/** Folders of one version each, newest first. */
function numbered(root: string, pattern: RegExp, below: string): string[] {
  if (!existsSync(root)) return [];
  const majors = readdirSync(root).flatMap((name) => {
    const parts = pattern.exec(name);
    return parts === null ? [] : [{ name, major: Number(parts[1]) }];
  });
  return majors.sort((a, b) => b.major - a.major).map((one) => join(root, one.name, below));
}

/** Debian's /usr/bin/pg_dump is a script that chooses a version by its own rules: the real ones are found beside it. */
function isProgram(path: string): boolean {
  return existsSync(path) && basename(realpathSync(path)) !== "pg_wrapper";
}

const asked = new Map<string, Promise<Tool | null>>();

function versionOf(path: string): Promise<Tool | null> {
  const known = asked.get(path) ?? askVersion(path);
  asked.set(path, known);
  return known;
}

/** null for a program that does not start or does not say: it is as good as missing. */
function askVersion(path: string): Promise<Tool | null> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env["PATH"], LC_ALL: "C" }, timeout: 20_000 };
    execFile(path, ["--version"], options, (error, stdout) => {
      const [version, major] = /^\S+ \(PostgreSQL\) (\d+)\S*/.exec(stdout) ?? [];
      const known = error === null && version !== undefined && major !== undefined;
      resolve(known ? { path, version, major: Number(major) } : null);
    });
  });
}
