import type { BackupContents, PlainContents } from "../model/archive-contents.ts";
import { classicDigestKey, classicKey, parseBackupName } from "../model/layout.ts";
import { parseDumpHead } from "../model/plain-dump/dump-head.ts";
import { readDigest, readDumpHead } from "../ports/open-classic.ts";
import { naming } from "../ports/open-object.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";
import { attempt, type BackupSource, placed } from "./backup-source.ts";

/**
 * What the runbook's file says about itself: its checksum, and the first lines of the dump in it, for which only the file's beginning
 * is read. So another passphrase, and what is no dump, are known now; whether the file is whole is known when it was loaded.
 */
export async function observePlainDump(source: BackupSource, signal: AbortSignal): Promise<BackupContents> {
  const looked = await attempt(() => look(source, signal), signal);
  if (!("problem" in looked)) return looked.value;
  return { state: "unreadable", problem: placed(source, explained(source, looked.problem)) };
}

async function look(
  { store, storeName, backup, ...source }: BackupSource,
  signal: AbortSignal,
): Promise<PlainContents> {
  const key = classicKey(backup);
  const found = await store.head(key, signal);
  if (found === null) return fail("OBJECT_MISSING", `${key} is not in store ${storeName}`);
  const sha256 = await readDigest(store, classicDigestKey(backup), signal);
  const passphrase = await source.classicPassphrase(databaseOf(backup));
  const opening = { cipher: source.classicCipher, passphrase };
  const head = parseDumpHead(await naming(key, () => readDumpHead(store, key, opening, signal)));
  if (head === null)
    return fail("OBJECT_DAMAGED", `what ${key} opens to does not begin as a dump of one database by pg_dump`);
  return { state: "plain", storedBytes: found.bytes, sha256, ...head };
}

function databaseOf(backup: string): string {
  return parseBackupName(backup)?.database ?? "";
}

function explained({ backup, environment }: BackupSource, found: Problem): Problem {
  if (found.code !== "CIPHER_FAILED") return found;
  const where = `databases.${databaseOf(backup)}.backup.encryption.openssl in ${environment.file}`;
  const whole = `dbops plan ${environment.name} verify ${backup}`;
  return {
    ...found,
    fix: `see whether ${where} names the passphrase that it was made with, and whether it is whole:\n${whole}`,
  };
}
