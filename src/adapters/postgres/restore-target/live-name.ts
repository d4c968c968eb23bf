import type { Database } from "../../../model/environment.ts";
import { resolveTarget, type Secrets } from "../target.ts";

/** A database's own name on its server; the backup role's password is not resolved for it where the file says the name. */
export async function liveNameOf(
  database: Database,
  access: { readonly secrets: Secrets; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<string> {
  const { connection } = database;
  if (connection.kind === "parts") return connection.database;
  return (await resolveTarget(database, access, signal)).database;
}
