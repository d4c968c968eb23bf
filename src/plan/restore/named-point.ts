import type { Backup } from "../../model/backup.ts";
import type { Database, Environment } from "../../model/environment.ts";
import { parseStamp } from "../../model/instant.ts";
import { backupName, parseBackupName } from "../../model/layout.ts";
import type { RestoreRequest } from "../../model/plan.ts";
import { fail } from "../../problems/dbops-error.ts";
import { type Moment, parseMoment } from "./moment.ts";

/** What `--at` or `--file` says. */
export type NamedPoint =
  | { readonly kind: "latest" }
  | { readonly kind: "moment"; readonly moment: Moment }
  | { readonly kind: "name"; readonly name: string; readonly layout: Backup["layout"] | null };

/**
 * The database and the point in time that a request is about; `environment` is the one whose backup it is. Throws USAGE for
 * what is neither, for a file outside the prefix, and for a store or database that the environment does not have.
 */
export function pointOf(
  environment: Environment,
  request: RestoreRequest,
): { readonly database: Database; readonly point: NamedPoint } {
  const file = "file" in request.point ? partsOf(request.point.file) : null;
  const database = databaseOf(environment, request.database ?? file?.database ?? null);
  assertStore(database, request.store);
  if (file === null)
    return { database, point: timeOf(environment, database, "at" in request.point ? request.point.at : "") };
  if (file.environment !== environment.name)
    fail("USAGE", `--file: ${file.name} is a backup of ${file.environment}, not of ${environment.name}`, {
      fix: `dbops plan … restore --from ${file.environment} --file ${file.name}`,
    });
  if (file.database !== database.name)
    fail("USAGE", `--file: ${file.name} is a backup of ${file.database}, not of ${database.name}`);
  return { database, point: { kind: "name", name: file.name, layout: file.layout } };
}

function timeOf(environment: Environment, database: Database, text: string): NamedPoint {
  if (text === "latest") return { kind: "latest" };
  if (parseStamp(text) !== null)
    return { kind: "name", name: backupName(environment.name, database.name, text), layout: null };
  const moment = parseMoment(text);
  if (moment !== null) return { kind: "moment", moment };
  const zone = parseMoment(`${text}Z`) === null ? "" : "; it lacks its zone, Z for UTC";
  return fail("USAGE", `--at ${text} is no moment${zone}`, {
    fix: "--at latest, --at 20250118_010000 (a backup), or --at 2025-01-18T01:00:00Z (the newest at or before it)",
  });
}

/** A backup's name, or the name of its archive or of the runbook's file: no path, so that nothing outside the prefix is meant. */
function partsOf(file: string): {
  readonly name: string;
  readonly environment: string;
  readonly database: string;
  readonly layout: Backup["layout"] | null;
} {
  if (/[/\\\0]/.test(file) || file.includes(".."))
    fail("USAGE", `--file ${file} is a path; a restore reads only backups of its own prefix`, {
      fix: "give the backup's name, as dbops backups lists it",
    });
  const bare = file.replace(/(\.sql\.gz\.enc|\.dump(\.zst)?(\.age)?)$/, "");
  const parts = parseBackupName(bare);
  if (parts === null)
    return fail("USAGE", `--file ${file} is no backup's name, and not the name of a file with one`, {
      fix: "dbops backups",
    });
  const layout = bare === file ? null : file.endsWith(".sql.gz.enc") ? "classic" : "directory";
  return { name: bare, environment: parts.environment, database: parts.database, layout };
}

function databaseOf(environment: Environment, wanted: string | null): Database {
  const names = environment.databases.map((one) => one.name).join(", ");
  const [first, ...others] = environment.databases;
  if (wanted === null && first !== undefined && others.length === 0) return first;
  if (wanted === null)
    return fail("USAGE", `${environment.file} has several databases: ${names}`, {
      fix: `dbops plan ${environment.name} restore --database ${first?.name ?? "NAME"} …`,
    });
  return (
    environment.databases.find((one) => one.name === wanted) ??
    fail("USAGE", `${environment.file} has no database "${wanted}"; it has ${names}`)
  );
}

function assertStore(database: Database, store: string | null): void {
  const stores = database.backup.stores.map((one) => one.store);
  if (store !== null && !stores.includes(store))
    fail("USAGE", `${database.name} is not kept in a store "${store}"; its stores are ${stores.join(", ")}`);
}
