import { execFile } from "node:child_process";
import { copyFile, cp, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../../src/model/canonical.ts";
import { folderOf, MANIFEST } from "../../../src/model/layout.ts";
import { parseNote } from "../../../src/model/made-database.ts";
import { never } from "../../apply/build.ts";
import { declareApp } from "../../support/declared-environment.ts";
import { mustSucceed, takeBackup } from "../../support/taken-backup.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
  objectPath,
  outcomesOf,
  type Place,
  planOfBackup,
  type RestoreWorld,
  startRestoreWorld,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
});

afterAll(() => world?.stop());

/** The side database is not loaded, and what is live is what it was. */
async function expectNothingSwapped(place: Place): Promise<void> {
  const found = await databasesOf(world, place);
  expect(found[place.live]?.oid).toBe(place.liveOid);
  expect(parseNote(found[place.side]?.comment ?? null)?.state ?? "side").toBe("side");
}

describe("a stored object that is damaged", () => {
  it.each(["archive", "detail"] as const)("is found when a bit of the %s flipped", async (role) => {
    const place = await world.place();
    const path = await objectPath(place, world.backup, role);
    const bytes = await readFile(path);
    const at = bytes.length - 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const problem = failureOf(await place.apply(), "app.load");
    expect(problem.code).toMatch(/OBJECT_DAMAGED|CIPHER_FAILED/);
    expect(problem.detail).toContain(world.backup);
    await expectNothingSwapped(place);
  });

  it("is found when it is cut off", async () => {
    const place = await world.place();
    const path = await objectPath(place, world.backup, "archive");
    const { length } = await readFile(path);
    await truncate(path, length - 1);
    const problem = failureOf(await place.apply(), "app.load");
    expect(problem.code).toMatch(/OBJECT_DAMAGED|CIPHER_FAILED/);
    await expectNothingSwapped(place);
  });

  it("is found when it is the archive of another backup, which opens and loads well", async () => {
    const place = await world.place();
    await declareApp(place.workplace, world.cluster, { database: place.live });
    await world.cluster.psql(place.live, "CREATE TABLE signals AS SELECT 1 AS id");
    const other = await takeBackup(place.workplace);
    await copyFile(other.path("archive"), await objectPath(place, world.backup, "archive"));
    const problem = failureOf(await place.apply(), "app.load");
    expect(problem).toMatchObject({
      code: "OBJECT_DAMAGED",
      fix: expect.stringMatching(/--at \d{8}_\d{6} --store STORE$/),
    });
    await expectNothingSwapped(place);
  });

  it("is found when the detail is missing", async () => {
    const place = await world.place();
    await promisify(execFile)("rm", [await objectPath(place, world.backup, "detail")]);
    expect(failureOf(await place.apply(), "app.load").code).toBe("OBJECT_MISSING");
    await expectNothingSwapped(place);
  });
});

describe("a manifest", () => {
  it("that is another one than planned stops the restore", async () => {
    const place = await world.place();
    const path = join(place.workplace.folder, "stores/primary", folderOf(world.backup), MANIFEST);
    await writeFile(path, `${await readFile(path, "utf8")}\n`);
    expect(failureOf(await place.apply(), "app.load")).toMatchObject({
      code: "PLAN_STALE",
      fix: expect.stringMatching(/dbops plan production restore --database app --at \d{8}_\d{6}$/),
    });
    await expectNothingSwapped(place);
  });
});

describe("a backup that this host cannot open", () => {
  it("is refused with the fingerprint and the name of who could, when another identity is declared", async () => {
    const place = await world.place();
    await promisify(execFile)("rm", [place.workplace.keyFile]);
    await promisify(execFile)("age-keygen", ["-o", place.workplace.keyFile]);
    const problem = failureOf(await place.apply(), "app.load");
    expect(problem.code).toBe("IDENTITY_MISSING");
    expect(problem.detail).toContain(`sha256:${sha256(place.workplace.recipient)}`);
    expect(problem.detail).toContain(place.workplace.recipient);
    await expectNothingSwapped(place);
  });

  it("is refused before anything is loaded when no identity is declared", async () => {
    const place = await world.place({ identities: [] });
    expect(failureOf(await place.apply(), "app.load")).toMatchObject({
      code: "IDENTITY_MISSING",
      fix: expect.stringMatching(/identities/),
    });
    await expectNothingSwapped(place);
  });
});

describe("a backup that is sealed another way", () => {
  it.each([
    ["a passphrase", { age: { passphrase: { file: "./passphrase" } } }, undefined],
    ["nothing, and not compressed", "none", "none"],
  ] as const)("is opened: %s", async (_how, encryption, compression) => {
    const sealed = { encryption, ...(compression === undefined ? {} : { compression }) };
    const place = await world.place(sealed);
    await writeFile(join(place.workplace.folder, "passphrase"), "correct horse battery staple");
    const plan = await planOfBackup(place, sealed);
    mustApply(await place.apply({ plan }));
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
  });
});

describe("a backup of another environment", () => {
  it("is read out of that environment's own stores, which must be its", async () => {
    const place = await world.place();
    const { workplace } = place;
    await cp(join(workplace.folder, "stores/primary"), join(workplace.folder, "stores/elsewhere"), {
      recursive: true,
    });
    const stores = { elsewhere: "./stores/elsewhere" };
    await declareApp(workplace, world.cluster, {
      environment: "other",
      stores,
      identities: [{ file: "./age.key" }],
    });
    const plan = withSteps(place, (step) =>
      step.kind === "download" ? { ...step, from: "other", store: "elsewhere" } : step,
    );
    expect(failureOf(await place.apply({ plan }), "app.load").code).toBe("STORE_FOREIGN");
    await expectNothingSwapped(place);
  });

  it("is restored here", async () => {
    const place = await world.place();
    const { workplace } = place;
    await declareApp(workplace, world.cluster, {
      environment: "staging",
      stores: { dr: "./stores/dr" },
      identities: [{ file: "./age.key" }],
    });
    mustSucceed(await workplace.dbops(["init", "stores", "staging"]));
    mustSucceed(await workplace.dbops(["plan", "staging", "backup", "--out", "s.yaml"]));
    mustSucceed(await workplace.dbops(["apply", "s.yaml"]));
    const { ports } = place;
    const other = await ports.elsewhere("staging");
    const keys: string[] = [];
    for await (const { key } of other.store("dr").list("app/", {}, never)) keys.push(key);
    const stamp = keys[0]?.split("/")[1] ?? "";
    const backup = `staging_app_${stamp}`;
    const info = await other.store("dr").head(`${folderOf(backup)}${MANIFEST}`, never);
    const plan = withSteps(place, (step) =>
      step.kind === "download"
        ? { ...step, from: "staging", store: "dr", backup, expect: { etag: info?.etag ?? "" } }
        : step,
    );
    expect(outcomesOf(mustApply(await place.apply({ plan })))).toContain("app.swap done");
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
  });
});
