import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Target } from "./target.ts";

type Address = Pick<Target, "host" | "port" | "database" | "user">;

/** The password that libpq would find in PGPASSFILE or ~/.pgpass; null when there is none. */
export async function lookUpPassword(
  address: Address,
  passfile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const file = passfile || env["PGPASSFILE"] || join(env["HOME"] || homedir(), ".pgpass");
  const text = await readFile(file, "utf8").catch(() => null);
  return text === null ? null : parsePassfile(text, address);
}

/** The password of the first line that fits, PostgreSQL documentation 34.16; null when none does. */
export function parsePassfile(text: string, address: Address): string | null {
  const host = address.host.startsWith("/") ? "localhost" : address.host;
  const wanted = [host, String(address.port), address.database, address.user];
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    const password = fields[4];
    const fits = wanted.every(
      (value, index) => fields[index] === value || (fields[index] === "*" && fields.length >= 5),
    );
    if (fits && password !== undefined) return password;
  }
  return null;
}

/** `\:` and `\\` stand for themselves. */
function fieldsOf(line: string): string[] {
  const fields = [""];
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? "";
    if (character === ":") fields.push("");
    else fields[fields.length - 1] += character === "\\" ? (line[++at] ?? "") : character;
  }
  return fields;
}
