import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fail } from "../../problems/dbops-error.ts";
import type { Parameters } from "./target.ts";

/**
 * Loads one section of the service files as libpq finds them: PGSERVICEFILE or ~/.pg_service.conf, then pg_service.conf in
 * PGSYSCONFDIR or the places where packages put it. Throws CONFIG_INVALID when no file has it.
 */
export async function loadService(service: string, env: NodeJS.ProcessEnv): Promise<Parameters> {
  const files = serviceFiles(env);
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => null);
    const found = text === null ? null : parseService(text, service, file);
    if (found !== null) return found;
  }
  return fail("CONFIG_INVALID", `no service ${service} in ${files.join(", ")}`, {
    fix: `add a section [${service}] to ${files[0]}`,
  });
}

/** The parameters of one section, null when there is none. Throws CONFIG_INVALID with the line's number, not its text. */
export function parseService(text: string, service: string, file: string): Parameters | null {
  let found: Record<string, string> | null = null;
  let inside = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (found !== null) return found; // the first section of a name counts
      inside = line === `[${service}]`;
      if (inside) found = {};
      continue;
    }
    if (!inside || found === null) continue;
    const equals = line.indexOf("=");
    if (equals < 1) return refuse(service, file, index + 1);
    found[line.slice(0, equals)] ??= line.slice(equals + 1);
  }
  return found;
}

function serviceFiles(env: NodeJS.ProcessEnv): string[] {
  const own = env["PGSERVICEFILE"] || join(env["HOME"] || homedir(), ".pg_service.conf");
  const folders = env["PGSYSCONFDIR"]
    ? [env["PGSYSCONFDIR"]]
    : ["/etc/postgresql-common", "/etc", "/etc/sysconfig/pgsql", "/usr/local/etc", "/opt/homebrew/etc"];
  return [own, ...folders.map((folder) => join(folder, "pg_service.conf"))];
}

function refuse(service: string, file: string, line: number): never {
  return fail("CONFIG_INVALID", `service ${service}: ${file}:${line}:1 is no "name=value"`, {
    fix: `correct line ${line} of ${file}`,
  });
}
