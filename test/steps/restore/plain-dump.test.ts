import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseNote } from "../../../src/model/made-database.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { Step } from "../../../src/model/step.ts";
import { readDigest } from "../../../src/ports/open-classic.ts";
import { never } from "../../apply/build.ts";
import { CLASSIC_KEY, type ClassicBackup, makeClassicBackup } from "../../support/classic-backup.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
  type Place,
  type RestoreWorld,
  startRestoreWorld,
  withSteps,
} from "./world.ts";

const NAME = "production_app_20250118_010000";

let world: RestoreWorld;
let folder: string;
let whole: ClassicBackup;

beforeAll(async () => {
  world = await startRestoreWorld();
  folder = await mkdtemp(join(tmpdir(), "dbops-plain-steps-"));
  whole = await make("whole");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await world?.stop();
});

/** The runbook's file of the world's database; `filter` is a shell command behind pg_dump. */
function make(name: string, filter = "cat"): Promise<ClassicBackup> {
  return makeClassicBackup(world.cluster, "app", { folder, name, filter });
}

interface PlainPlace extends Place {
  readonly file: string;
  readonly digestFile: string;
}

/** A place whose plan restores a file of the runbook. */
async function placeOf({ file, digestFile }: ClassicBackup, key = CLASSIC_KEY): Promise<PlainPlace> {
  const openssl = { passphrase: { file: "./classic.key" } };
  const place = await world.place({ encryption: { age: { recipients: [AGE] }, openssl } });
  const at = join(place.workplace.folder, "stores/primary", `${NAME}.sql.gz.enc`);
  await writeFile(join(place.workplace.folder, "classic.key"), key);
  await copyFile(file, at);
  await copyFile(digestFile, `${at}.sha256`);
  return { ...place, plan: await planFor(place), file: at, digestFile: `${at}.sha256` };
}

const AGE = "age1dvcv8up0ytvhz5a6seak7vht05rf6hdvgmmcg7uljxkkxp93evws8e7r8q";

async function planFor(place: Place): Promise<Plan> {
  const store = place.ports.store("primary");
  const etag = (await store.head(`${NAME}.sql.gz.enc`, never))?.etag ?? "";
  const sha256 = await readDigest(store, `${NAME}.sql.gz.enc.sha256`, never);
  return withSteps(place, (step): Step => {
    if (step.kind === "load") return { ...step, format: "sql" };
    return step.kind === "download"
      ? { ...step, backup: NAME, layout: "classic", expect: { etag, sha256 } }
      : step;
  });
}

/** The side database is there, empty, and what is live is what it was. */
async function expectNothingLoaded(place: Place): Promise<void> {
  const found = await databasesOf(world, place);
  expect(found[place.live]?.oid).toBe(place.liveOid);
  expect(parseNote(found[place.side]?.comment ?? null)?.state).toBe("side");
  expect(await world.cluster.psql(place.side, "SELECT count(*) FROM pg_class WHERE oid >= 16384")).toBe("0");
}

describe("a file of the runbook", () => {
  it("is loaded, counted, checked and swapped in", async () => {
    const place = await placeOf(whole);
    await world.cluster.psql(place.live, "CREATE TABLE public.signals(); CREATE TABLE public.newer()");
    const applied = mustApply(await place.apply({ plan: place.plan }));
    const facts = applied.steps.find(({ step }) => step.id === "app.load");
    expect(facts).toMatchObject({ outcome: "done", facts: { tables: 3, made: 3, loaded: true } });
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
  });

  it("is not loaded by a plan that takes it for an archive", async () => {
    const place = await placeOf(whole);
    const asArchive = withSteps(place, (step) => {
      if (step.kind !== "load") return step;
      const { format: _format, ...archive } = step;
      return archive;
    });
    expect(failureOf(await place.apply({ plan: asArchive }), "app.load").code).toBe("PLAN_INVALID");
  });
});

describe("a file of the runbook that lacks most tables of the live database", () => {
  const others = "CREATE SCHEMA o; CREATE TABLE o.a(); CREATE TABLE o.b(); CREATE TABLE o.c();";

  it("does not replace it, whatever the dump is of", async () => {
    const place = await placeOf(whole);
    await world.cluster.psql(place.live, `${others} CREATE TABLE public.signals()`);
    const problem = failureOf(await place.apply({ plan: place.plan }), "app.load");
    expect(problem).toMatchObject({ code: "RESTORE_INCOMPLETE", final: true });
    expect(problem.detail).toContain(
      `has 1 of the 4 tables of ${place.live}, and lacks 3 tables: o.a, o.b, o.c`,
    );
    expect(problem.fix).toContain(`--file ${NAME}.sql.gz.enc --store primary --schema keep`);
    expect((await databasesOf(world, place))[place.live]?.oid).toBe(place.liveOid);
  });

  it("replaces it where its schema is kept, and it is told", async () => {
    const place = await placeOf(whole);
    await world.cluster.psql(place.live, others);
    const plan = withSteps(place, (step) => (step.kind === "load" ? { ...step, schema: "keep" } : step));
    const { steps } = mustApply(await place.apply({ plan }));
    const facts = steps.find(({ step }) => step.id === "app.load")?.facts;
    expect(facts?.["warnings"]).toEqual([expect.stringContaining("has 0 of the 3 tables")]);
  });
});

describe("a file of the runbook that is damaged", () => {
  it("is found where a bit flipped, before the transaction ends", async () => {
    const place = await placeOf(whole);
    const bytes = await readFile(place.file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 5000) ^ 1, bytes.length - 5000);
    await writeFile(place.file, bytes);
    const plan = await planFor(place);
    expect(failureOf(await place.apply({ plan }), "app.load")).toMatchObject({
      code: "OBJECT_DAMAGED",
      detail: expect.stringContaining(NAME),
      final: true,
    });
    await expectNothingLoaded(place);
  });

  it("is found by its checksum alone where it is another whole one", async () => {
    const place = await placeOf(whole);
    await copyFile((await make("another")).file, place.file);
    const plan = await planFor(place);
    expect(failureOf(await place.apply({ plan }), "app.load")).toMatchObject({
      code: "OBJECT_DAMAGED",
      detail: expect.stringMatching(new RegExp(`^${NAME}.* in store primary has SHA-256 .* instead of `)),
    });
    await expectNothingLoaded(place);
  });

  it("is called truncated where it was sealed so, with a checksum that is right", async () => {
    const place = await placeOf(await make("cut", "head -c 100000"));
    const problem = failureOf(await place.apply({ plan: place.plan }), "app.load");
    expect(problem).toMatchObject({ code: "OBJECT_DAMAGED", final: true });
    expect(problem.detail).toMatch(
      new RegExp(`^${NAME}\\.sql\\.gz\\.enc: the dump is truncated: .* inside the data of public\\.signals$`),
    );
    await expectNothingLoaded(place);
  });

  it("is no restore where it makes no table", async () => {
    const place = await placeOf(
      await make(
        "empty",
        "sed '/^SELECT pg_catalog.set_config/,/^-- PostgreSQL database dump complete/{//!d}'",
      ),
    );
    expect(failureOf(await place.apply({ plan: place.plan }), "app.load")).toMatchObject({
      code: "RESTORE_INCOMPLETE",
      detail: expect.stringContaining("the dump makes none"),
    });
  });
});

describe("a file of the runbook that is another one than planned", () => {
  it("stops the restore where it was replaced, or its checksum was", async () => {
    const place = await placeOf(whole);
    const other = await make("other");
    await copyFile(other.file, place.file);
    const replaced = failureOf(await place.apply({ plan: place.plan }), "app.load");
    expect(replaced).toMatchObject({
      code: "PLAN_STALE",
      fix: expect.stringContaining(`--file ${NAME}.sql.gz.enc`),
    });
    const again = await placeOf(whole);
    await copyFile(other.digestFile, again.digestFile);
    expect(failureOf(await again.apply({ plan: again.plan }), "app.load")).toMatchObject({
      code: "PLAN_STALE",
      detail: expect.stringContaining(".sha256"),
    });
  });

  it("stops the restore where it or its checksum is gone", async () => {
    const place = await placeOf(whole);
    await rm(place.digestFile);
    expect(failureOf(await place.apply({ plan: place.plan }), "app.load").code).toBe("OBJECT_MISSING");
    await rm(place.file);
    expect(failureOf(await place.apply({ plan: place.plan }), "app.load").code).toBe("OBJECT_MISSING");
  });
});

describe("what a restore of the runbook's file does not run", () => {
  it.each([
    ["a command of psql", "\\\\! touch x"],
    ["a program behind COPY", "COPY public.signals FROM PROGRAM $$touch x$$;"],
  ])("is %s, and nothing around it stays", async (_what, line) => {
    const place = await placeOf(await make("hostile", `sed 's/^CREATE INDEX.*/${line}/'`));
    expect(failureOf(await place.apply({ plan: place.plan }), "app.load")).toMatchObject({
      code: "LOAD_FAILED",
      detail: expect.stringContaining("which no restore of a plain dump runs"),
      final: true,
    });
    await expectNothingLoaded(place);
  });
});

describe("a passphrase", () => {
  it("that is another one is told with the place where it is named, and can be corrected", async () => {
    const place = await placeOf(whole, "another one");
    expect(failureOf(await place.apply({ plan: place.plan }), "app.load")).toMatchObject({
      code: "CIPHER_FAILED",
      detail: expect.stringContaining(NAME),
      fix: expect.stringContaining("databases.app.backup.encryption.openssl"),
    });
    await expectNothingLoaded(place);
    await writeFile(join(place.workplace.folder, "classic.key"), CLASSIC_KEY);
    mustApply(await place.apply({ plan: place.plan }));
  });
});
