import type { BackupContents } from "../model/archive-contents.ts";
import { sha256 } from "../model/canonical.ts";
import type { Instant } from "../model/instant.ts";
import { folderOf, parseBackupName } from "../model/layout.ts";
import type { Manifest, ManifestObject, ObjectRole } from "../model/manifest.ts";
import { parseDetail } from "../model/parse-detail.ts";
import { roleNamesIn } from "../model/role-names.ts";
import { keysFor, naming, openObject, readContent, type Sealed } from "../ports/open-object.ts";
import { readManifest } from "../ports/read-manifest.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Problem } from "../problems/problem.ts";
import { attempt, type BackupSource, placed } from "./backup-source.ts";
import { observePlainDump } from "./observe-plain-dump.ts";

/**
 * What a backup says about itself: manifest, detail, roles, and the archive's table of contents, for which only the head of
 * the archive is read. What cannot be read or opened is a value; null: it is of another moment, which its manifest tells, and of the
 * runbook's file its name.
 */
export async function observeContents(
  source: BackupSource,
  fits: (takenAt: Instant) => boolean,
  signal: AbortSignal,
): Promise<BackupContents | null> {
  if (source.layout === "classic")
    return fits(parseBackupName(source.backup)?.at ?? "") ? observePlainDump(source, signal) : null;
  const read = await attempt(() => readManifest(source.store, source.backup, signal), signal);
  if ("problem" in read) return { state: "unreadable", problem: placed(source, read.problem) };
  const { manifest } = read.value;
  if (!fits(manifest.snapshotAt)) return null;
  const opened = await attempt(() => open(source, manifest, signal), signal);
  if ("problem" in opened)
    return {
      state: "sealed",
      manifest,
      problem: placed(source, explained(source, manifest, opened.problem)),
    };
  return { state: "read", manifest, ...opened.value };
}

type Opened = Omit<Extract<BackupContents, { state: "read" }>, "state" | "manifest">;

async function open(source: BackupSource, manifest: Manifest, signal: AbortSignal): Promise<Opened> {
  const { store, cipher, archiveReader, environment } = source;
  for (const object of manifest.objects) await assertWhole(source, object, signal);
  const fix = `add identities: [{ file: … }] to ${environment.file}`;
  const keys = await keysFor(manifest, source, fix);
  const sealed = (role: ObjectRole): Sealed => {
    const object = objectOf(manifest, role);
    return { store, cipher, keys, manifest, object };
  };
  const detail = parseDetail((await readContent(sealed("detail"), signal)).toString("utf8"));
  if ("fault" in detail) return notUnderstood(manifest, detail.fault);
  const globals = await readContent(sealed("globals"), signal);
  const archive = sealed("archive");
  const entries = await naming(archive.object.key, async () =>
    archiveReader.entriesOf(await openObject(archive, signal), manifest.tools.pgDump, signal),
  );
  return { entries, detail, roles: roleNamesIn(globals.toString("utf8")) };
}

/** An archive that lost its end would be found only when most of it is loaded. */
async function assertWhole(source: BackupSource, object: ManifestObject, signal: AbortSignal): Promise<void> {
  const { store, storeName, backup, environment } = source;
  const key = `${folderOf(backup)}${object.key}`;
  const found = await store.head(key, signal);
  if (found?.bytes === object.bytes) return;
  const fix = `restore it out of another store, or another backup:\ndbops backups ${environment.name}`;
  if (found === null) return fail("OBJECT_MISSING", `${key} is not in store ${storeName}`, { fix });
  const detail = `${key} in store ${storeName} has ${found.bytes} bytes instead of ${object.bytes}`;
  fail("OBJECT_DAMAGED", detail, { fix });
}

/** A manifest has one object for each role, or it would not have been parsed. */
function objectOf(manifest: Manifest, role: ObjectRole): ManifestObject {
  const found = manifest.objects.find((one) => one.role === role);
  return found ?? fail("MANIFEST_INVALID", `${manifest.name} has no ${role}`);
}

function notUnderstood(manifest: Manifest, fault: string): never {
  const { key } = objectOf(manifest, "detail");
  const version = manifest.tools.dbops;
  fail("MANIFEST_INVALID", `${key}, written by dbops ${version}, cannot be understood: ${fault}`, {
    fix: "use another backup, or restore this one by hand as its RESTORE.md says",
  });
}

/** Which keys could open it: by their fingerprints in the manifest, and by name where the file still has them. */
function explained(source: BackupSource, manifest: Manifest, found: Problem): Problem {
  if (found.code !== "IDENTITY_MISSING" || manifest.recipients.length === 0) return found;
  const known = new Map(
    source.environment.databases
      .map((one) => one.backup.encryption)
      .flatMap((one) => (one.kind === "age-recipients" ? one.recipients : []))
      .map((recipient) => [`sha256:${sha256(recipient)}`, recipient]),
  );
  const names = manifest.recipients.map((print) => {
    const name = known.get(print);
    const short = print.slice(0, "sha256:".length + 12);
    return name === undefined ? short : `${short} (${name})`;
  });
  return { ...found, detail: `${found.detail}; it opens with the private key of any of ${names.join(", ")}` };
}
