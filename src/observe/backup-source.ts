import type { Backup } from "../model/backup.ts";
import type { Environment } from "../model/environment.ts";
import type { Secret } from "../model/secret.ts";
import type { ArchiveReader } from "../ports/archive-reader.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { ClassicCipher } from "../ports/classic-cipher.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { KeyRing } from "../ports/open-object.ts";
import { DbopsError, problemsOf } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";

/** One backup, and what it is read and opened with. */
export interface BackupSource extends KeyRing {
  readonly environment: Environment;
  readonly store: ObjectStore;
  /** Its name in `environment`. */
  readonly storeName: string;
  readonly backup: string;
  /** Both may stand under one name. */
  readonly layout: Backup["layout"];
  readonly cipher: Cipher;
  readonly classicCipher: ClassicCipher;
  readonly archiveReader: ArchiveReader;
  classicPassphrase(database: string): Promise<Secret>;
}

/** The outcome of a look, its failure being a value; an interrupt is none. */
export async function attempt<T>(
  look: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | { readonly problem: Problem }> {
  try {
    return { value: await look() };
  } catch (error) {
    signal.throwIfAborted();
    const [first] = problemsOf(error);
    if (!(error instanceof DbopsError) || first === undefined || first.code === "INTERNAL") throw error;
    return { problem: first };
  }
}

/** Says which backup a problem is about, and what to do where nothing better is known. */
export function placed(source: BackupSource, found: Problem): Problem {
  const { backup, storeName, environment } = source;
  const where = `${backup} in store ${storeName}`;
  const fix = found.fix ?? `dbops plan ${environment.name} verify ${backup}`;
  return {
    ...found,
    fix,
    detail: found.detail.includes(storeName) ? found.detail : `${where}: ${found.detail}`,
  };
}
