import type { Database } from "../model/environment.ts";
import type { Secret, SecretSource } from "../model/secret.ts";
import type { ArchiveLister } from "../ports/archive-lister.ts";
import type { ArchiveReader } from "../ports/archive-reader.ts";
import type { Patience } from "../ports/patience.ts";
import type { Postgres } from "../ports/postgres.ts";
import type { RestoreTarget } from "../ports/restore-target.ts";

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

/** Loads node-pg, and resolves the admin's password, at the first question to the server. */
export function lazyRestoreTarget(
  database: Database,
  options: { readonly secrets: Secrets; readonly patience: Patience },
): RestoreTarget {
  let opened: Promise<RestoreTarget> | null = null;
  const open = () => {
    opened ??= import("../adapters/postgres/restore-target/open-restore-target.ts").then((adapter) =>
      adapter.openRestoreTarget(database, options),
    );
    return opened;
  };
  return {
    liveName: async (signal) => (await open()).liveName(signal),
    inspect: async (live, signal) => (await open()).inspect(live, signal),
    find: async (name, signal) => (await open()).find(name, signal),
    create: async (...args) => (await open()).create(...args),
    setNote: async (...args) => (await open()).setNote(...args),
    drop: async (...args) => (await open()).drop(...args),
    load: async (...args) => (await open()).load(...args),
    openSnapshot: async (...args) => (await open()).openSnapshot(...args),
    analyze: async (...args) => (await open()).analyze(...args),
    runScript: async (...args) => (await open()).runScript(...args),
    tables: async (...args) => (await open()).tables(...args),
    countRows: async (...args) => (await open()).countRows(...args),
    ask: async (...args) => (await open()).ask(...args),
    swap: async (...args) => (await open()).swap(...args),
    inPlace: {
      inspect: async (...args) => (await open()).inPlace.inspect(...args),
      find: async (...args) => (await open()).inPlace.find(...args),
      moveAside: async (...args) => (await open()).inPlace.moveAside(...args),
      clear: async (...args) => (await open()).inPlace.clear(...args),
      setLoaded: async (...args) => (await open()).inPlace.setLoaded(...args),
      keep: async (...args) => (await open()).inPlace.keep(...args),
      moveBack: async (...args) => (await open()).inPlace.moveBack(...args),
    },
  };
}

/** Looks for pg_restore at the first archive. */
export function lazyArchiveReader(): ArchiveReader {
  return {
    async entriesOf(archive, madeBy, signal) {
      const { archiveReader } = await import("../adapters/postgres/archive-reader.ts");
      return archiveReader().entriesOf(archive, madeBy, signal);
    },
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
