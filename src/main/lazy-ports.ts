import type { Database } from "../model/environment.ts";
import type { Secret, SecretSource } from "../model/secret.ts";
import type { ArchiveLister } from "../ports/archive-lister.ts";
import type { Postgres } from "../ports/postgres.ts";

export interface Secrets {
  resolve(source: SecretSource, signal: AbortSignal): Promise<Secret>;
}

/** Loads node-pg at the first question to the database. */
export function lazyPostgres(database: Database, secrets: Secrets): Postgres {
  const open = async () =>
    (await import("../adapters/postgres/open-postgres.ts")).openPostgres(database, secrets);
  return {
    inspect: async (signal) => (await open()).inspect(signal),
    openSnapshot: async (signal) => (await open()).openSnapshot(signal),
  };
}

/** Looks for pg_restore at the first archive. */
export function lazyArchiveLister(): ArchiveLister {
  return {
    async countEntries(archive, madeBy, signal) {
      const { archiveLister } = await import("../adapters/postgres/archive-lister.ts");
      return archiveLister().countEntries(archive, madeBy, signal);
    },
  };
}
