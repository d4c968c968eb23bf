import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { CLASSIC_KEY, type ClassicBackup, makeClassicBackup } from "../support/classic-backup.ts";
import { planRuined } from "../support/held-restore.ts";
import {
  type Place,
  type RestorableWorld,
  SOURCE,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { expectRestoredOnce } from "../support/restored-once.ts";
import { storeFolder } from "../support/store-files.ts";
import { mustSucceed } from "../support/taken-backup.ts";

const STAMP = "20250118_010000";
const NAME = `production_app_${STAMP}`;
const KEY = { BACKUP_ENCRYPTION_KEY: CLASSIC_KEY };

let world: RestorableWorld;
let folder: string;
let classic: ClassicBackup;

beforeAll(async () => {
  [world, folder] = await Promise.all([startRestorableWorld(), mkdtemp(join(tmpdir(), "dbops-classic-"))]);
  classic = await makeClassicBackup(world.cluster, SOURCE, { folder, name: NAME });
});

afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function placeWith(files: ClassicBackup): Promise<Place> {
  const encryption = { openssl: { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } } };
  const place = await world.fresh({
    encryption: {
      age: { recipients: ["age1dvcv8up0ytvhz5a6seak7vht05rf6hdvgmmcg7uljxkkxp93evws8e7r8q"] },
      ...encryption,
    },
  });
  for (const file of [files.file, files.digestFile])
    await copyFile(file, join(storeFolder(place, "primary"), file.slice(folder.length + 1)));
  return place;
}

describe("a file of the runbook", () => {
  it("comes back equal over a ruined database", async () => {
    const place = await placeWith(classic);
    await planRuined(world, place);
    const planned = await place.dbops(
      ["plan", "production", "restore", "--at", STAMP, "--schema", "keep", "--out", "r.yaml"],
      KEY,
    );
    mustSucceed(planned);
    const ran = await place.dbops(["apply", "r.yaml", "--yes"], KEY);
    mustSucceed(ran);
    await expectRestoredOnce(world, place);
  });
});
