import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "./postgres-cluster.ts";

export const CLASSIC_KEY = "the scripts' 32 character passphrase";

/** What backup.sh leaves in a store: the file and the checksum that `sha256sum` wrote of it, with the path that it had. */
export interface ClassicBackup {
  readonly name: string;
  readonly file: string;
  readonly digestFile: string;
}

/** Makes one of a database by the runbook's own programs; `filter` is a shell command between pg_dump and gzip. */
export async function makeClassicBackup(
  cluster: Cluster,
  database: string,
  at: { readonly folder: string; readonly name: string; readonly filter?: string },
): Promise<ClassicBackup> {
  const file = join(at.folder, `${at.name}.sql.gz.enc`);
  const script = `"$BIN/pg_dump" | ${at.filter ?? "cat"} | gzip -c | openssl enc -AES256 -pass env:KEY 2>/dev/null > "$FILE" && sha256sum "$FILE"`;
  const env = {
    PATH: process.env["PATH"],
    BIN: cluster.binFolder,
    KEY: CLASSIC_KEY,
    FILE: file,
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
    PGDATABASE: database,
  };
  const { stdout } = await promisify(execFile)("sh", ["-c", script], { env });
  await writeFile(`${file}.sha256`, stdout);
  return { name: at.name, file, digestFile: `${file}.sha256` };
}
