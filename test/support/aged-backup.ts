import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Origin } from "../../src/model/backup.ts";
import { sha256 } from "../../src/model/canonical.ts";
import { parseStamp } from "../../src/model/instant.ts";
import { backupFolder, backupName, MANIFEST, originKey } from "../../src/model/layout.ts";
import type { Manifest, ManifestObject } from "../../src/model/manifest.ts";
import { parseManifest } from "../../src/model/parse-manifest.ts";
import { renderRestoreGuide } from "../../src/steps/restore-guide.ts";
import { storeFolder } from "./store-files.ts";
import type { Workplace } from "./workplace.ts";

export interface Aging {
  /** Stamp of the backup that it is made from. */
  readonly from: string;
  /** Stamp of the new, older one. */
  readonly stamp: string;
  readonly database?: string;
  readonly environment?: string;
  /** `scheduled` unless given. */
  readonly origin?: Origin;
  /** How many failed proofs lie beside it; many make its deletion slow. */
  readonly proofs?: number;
}

/** Makes a truly complete backup of another time out of a real one: the same bytes under another name. Gives the name. */
export async function ageBackup(workplace: Workplace, store: string, aging: Aging): Promise<string> {
  const { from, stamp, database = "app", environment = "production", origin = "scheduled" } = aging;
  const root = storeFolder(workplace, store);
  const source = join(root, backupFolder(database, from));
  const target = join(root, backupFolder(database, stamp));
  const old = parseManifest(await readFile(join(source, MANIFEST), "utf8"));
  const snapshotAt = parseStamp(stamp);
  if (old === null || snapshotAt === null) throw new Error(`cannot make ${stamp} out of ${from}`);
  const name = backupName(environment, database, stamp);
  const guide = renderRestoreGuide({ ...old, name, snapshotAt });
  const objects = old.objects.map((object) => renamed(object, { old, name, guide }));
  await mkdir(join(target, "origin"), { recursive: true });
  for (const [n, object] of old.objects.entries())
    await cp(join(source, object.key), join(target, objects[n]?.key ?? ""));
  await writeFile(join(target, "RESTORE.md"), guide);
  await writeFile(join(target, originKey(origin)), "");
  await addProofs(target, aging.proofs ?? 0);
  const manifest: Manifest = { ...old, name, snapshotAt, origin, objects };
  await writeFile(join(target, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return name;
}

function renamed(
  object: ManifestObject,
  { old, name, guide }: { readonly old: Manifest; readonly name: string; readonly guide: string },
): ManifestObject {
  if (object.role !== "restore-guide") return { ...object, key: object.key.replace(old.name, name) };
  const bytes = Buffer.byteLength(guide);
  return {
    ...object,
    bytes,
    sha256: sha256(guide),
    plaintextBytes: bytes,
    plaintextSha256: sha256(guide),
  };
}

async function addProofs(folder: string, count: number): Promise<void> {
  if (count > 0) await mkdir(join(folder, "proof"));
  for (let n = 0; n < count; n += 1) {
    const time = [Math.floor(n / 3600), Math.floor(n / 60) % 60, n % 60].map((one) =>
      String(one).padStart(2, "0"),
    );
    await writeFile(join(folder, "proof", `20260101_${time.join("")}.failed.json`), "{}\n");
  }
}
