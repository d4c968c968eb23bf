import type { Environment } from "../../model/environment.ts";
import { classicKey, parseBackupName } from "../../model/layout.ts";
import { parseDumpHead } from "../../model/plain-dump/dump-head.ts";
import type { Secret } from "../../model/secret.ts";
import { openClassic, readDumpHead } from "../../ports/open-classic.ts";
import { naming } from "../../ports/open-object.ts";
import { chain } from "../../ports/stream/chain.ts";
import { Explaining } from "../../ports/stream/explaining.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { Problem } from "../../problems/problem.ts";
import type { Artifact, BackupPorts, Part, ProbeRun, StepRun } from "../handler.ts";
import type { PlainSource } from "./backup-source.ts";
import { fromRestoreKnown, type PlainKnown } from "./restore-known.ts";

/** Opens the beginning of the runbook's file: whether the passphrase is its own is known before hours of loading. */
export async function assertOpens({ ports, store, key }: PlainSource, run: ProbeRun): Promise<void> {
  const opening = { cipher: run.ports.classicCipher, passphrase: await passphraseFor(key, ports) };
  const head = await naming(key, () => readDumpHead(store, key, opening, run.signal)).catch((error) => {
    throw explained(error, key, ports);
  });
  if (parseDumpHead(head) === null)
    fail("OBJECT_DAMAGED", `what ${key} opens to does not begin as a dump of one database by pg_dump`);
}

/** Opens the runbook's file while it passes: it ends well only when cipher, gzip and their ends are right. */
export async function openFile(
  input: Artifact,
  { known, ports }: { readonly known: PlainKnown; readonly ports: BackupPorts },
  run: StepRun,
): Promise<Artifact> {
  const key = classicKey(known.backup);
  const opening = { cipher: run.ports.classicCipher, passphrase: await passphraseFor(key, ports) };
  const open = ({ name, body }: Part): Part => {
    const told = new Explaining({ explain: (error) => explained(error, key, ports) });
    return { name, body: chain(openClassic(body, opening), told), facts: Promise.resolve({}) };
  };
  return {
    known: fromRestoreKnown({ ...known, isPlain: true }),
    parts: input.parts.map(open),
    close: () => input.close(),
  };
}

function passphraseFor(key: string, ports: BackupPorts): Promise<Secret> {
  return ports.classicPassphrase(databaseOf(key));
}

function databaseOf(key: string): string {
  return parseBackupName(key.slice(0, key.indexOf(".")))?.database ?? "";
}

/** A cipher and gzip speak of "it", and cannot know where the passphrase is named. */
function explained<E>(error: E, key: string, { environment }: BackupPorts): E | DbopsError {
  if (!(error instanceof DbopsError)) return error;
  const told = (one: Problem): Problem => ({
    ...adviceFor(one, key, environment),
    ...one,
    detail: one.detail.includes(key) ? one.detail : `${key}: ${one.detail}`,
  });
  return new DbopsError(error.problems.map(told), error);
}

function adviceFor(
  { code }: Problem,
  key: string,
  { name, file }: Environment,
): Pick<Problem, "fix" | "final"> {
  const where = `databases.${databaseOf(key)}.backup.encryption.openssl in ${file}`;
  if (code === "CIPHER_FAILED")
    return { fix: `see whether ${where} names the passphrase that it was made with` };
  if (code !== "OBJECT_DAMAGED") return {};
  return { fix: `restore another backup:\ndbops backups ${name}`, final: true };
}
