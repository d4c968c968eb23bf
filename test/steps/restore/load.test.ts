import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseNote } from "../../../src/model/made-database.ts";
import type { RestoreTarget } from "../../../src/ports/restore-target.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import { eventsOf } from "../../apply/build.ts";
import { declareApp } from "../../support/declared-environment.ts";
import { declaration } from "../../support/restorable-world.ts";
import { mustSucceed } from "../../support/taken-backup.ts";
import {
  databasesOf,
  failureOf,
  mustApply,
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
  await world.cluster.createDatabase("failing");
  await world.cluster.psql("failing", FAILING);
  await world.cluster.createDatabase("losing");
  await world.cluster.psql("losing", LOSING);
});

afterAll(() => world?.stop());

/** Refreshing what asks without a schema fails in a restore, whose search path is empty. */
const FAILING = `
  CREATE TABLE signals AS SELECT 1 AS id;
  CREATE FUNCTION count_signals() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM signals';
  CREATE MATERIALIZED VIEW counted AS SELECT count_signals() AS n;`;

/** Its rows are valid only when those of a table are there that is loaded after it. */
const LOSING = `
  CREATE TABLE parent AS SELECT 1 AS id;
  CREATE FUNCTION is_known(int) RETURNS bool LANGUAGE plpgsql AS
    'BEGIN RETURN EXISTS (SELECT 1 FROM public.parent WHERE id = $1); END';
  CREATE TABLE child (id int CHECK (is_known(id)));
  INSERT INTO child VALUES (1);`;

/** As a shell reads them. */
async function shellWords(command: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `printf '%s\\n' ${command}`]);
  return stdout.trimEnd().split("\n");
}

async function failingPlan(place: Place, database = "failing") {
  const plan = await planOfBackup(place, { database });
  return withSteps({ plan }, (step) =>
    step.kind === "verify" && step.type === "database" ? { ...step, checks: [] } : step,
  );
}

/** The real server, but for some calls. */
function withTarget(place: Place, change: (real: RestoreTarget) => Partial<RestoreTarget>) {
  const real = place.ports.restoreTarget("app");
  return { restoreTarget: (): RestoreTarget => ({ ...real, ...change(real) }) };
}

async function noteOfSide(place: Place) {
  return parseNote((await databasesOf(world, place))[place.side]?.comment ?? null);
}

describe("a load that failed at some entries", () => {
  it("names each with its message, leaves the side database, and says how to go on", async () => {
    const place = await world.place();
    const plan = await failingPlan(place);
    const problem = failureOf(await place.apply({ plan }), "app.load");
    expect(problem).toMatchObject({
      code: "LOAD_FAILED",
      detail: expect.stringMatching(
        /stays to be looked at; .*MATERIALIZED VIEW DATA public counted postgres: .*signals/,
      ),
      fix: expect.stringMatching(
        /^dbops plan production restore --database app --at \d{8}_\d{6} --store primary --tolerate '0 \d+ MATERIALIZED VIEW DATA public counted postgres'$/m,
      ),
    });
    expect((await noteOfSide(place))?.state).toBe("partial");
  });

  it("names a command that plans the restore without them", async () => {
    const place = await world.place();
    const { fix = "" } = failureOf(await place.apply({ plan: await failingPlan(place) }), "app.load");
    await declareApp(place.workplace, world.cluster, { ...declaration(world.cluster), database: place.live });
    const words = await shellWords(fix.split("\n").at(-1) ?? "");
    const ran = mustSucceed(await place.workplace.dbops([...words.slice(1), "--out", "again.yaml"]));
    expect(ran.code).toBe(0);
    expect(await readFile(join(place.workplace.folder, "again.yaml"), "utf8")).toContain(
      "MATERIALIZED VIEW DATA public counted",
    );
  });

  it("for the lack of a tablespace names the command that needs none", async () => {
    const place = await world.place();
    await world.cluster.createDatabase("spaced");
    const space = "SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''";
    await world.cluster.psql("spaced", space);
    await world.cluster.psql("spaced", "CREATE TABLE rows TABLESPACE fast AS SELECT 1 AS id");
    const plan = await failingPlan(place, "spaced");
    await world.cluster.psql("spaced", "DROP TABLE rows; DROP TABLESPACE fast");
    const { fix = "" } = failureOf(await place.apply({ plan }), "app.load");
    expect(fix).toMatch(/create the tablespace.*\n.* --store primary --no-tablespaces$/);
    await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
    const ignoring = withSteps({ plan }, (step) =>
      step.kind === "load" ? { ...step, tablespaces: "ignore" } : step,
    );
    mustApply(await place.apply({ plan: ignoring }));
    expect(await world.cluster.psql(place.live, "TABLE rows")).toBe("1");
  });

  it("of data leaves no side database that a plan would go on from", async () => {
    const place = await world.place();
    const plan = await planOfBackup(place, { database: "losing" });
    const problem = failureOf(await place.apply({ plan }), "app.load");
    expect(problem).toMatchObject({
      code: "LOAD_FAILED",
      fix: expect.stringMatching(/given up only by name.*\n.* --tolerate '\d+ \d+ TABLE DATA public child /),
    });
    expect((await noteOfSide(place))?.state).toBe("side");
  });

  it("is done when the plan tolerates every one of them", async () => {
    const place = await world.place();
    const failing = await failingPlan(place);
    const { fix = "" } = failureOf(await place.apply({ plan: failing }), "app.load");
    const tolerate = [/--tolerate '(.*)'$/.exec(fix)?.[1] ?? ""];
    await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
    const plan = withSteps({ plan: failing }, (step) =>
      step.kind === "load" ? { ...step, tolerate } : step,
    );
    const applied = mustApply(await place.apply({ plan }));
    expect(applied.steps.find(({ step }) => step.kind === "load")?.facts).toMatchObject({
      failures: [{ entry: tolerate[0] }],
    });
  });
});

describe("an attempt that died", () => {
  it("in the middle of a load is cleared away and loaded again", async () => {
    const place = await world.place();
    const dying = withTarget(place, (real) => ({
      load: async (load, signal) => {
        await real.load(load, signal);
        return fail("DATABASE_UNREACHABLE", "the connection was lost");
      },
    }));
    expect(failureOf(await place.apply({ ports: dying }), "app.load").code).toBe("DATABASE_UNREACHABLE");
    const half = (await databasesOf(world, place))[place.side];
    expect(parseNote(half?.comment ?? null)?.state).toBe("side");
    const applied = mustApply(await place.apply());
    expect(outcomesOf(applied)[0]).toBe("app.create earlier");
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
    expect((await databasesOf(world, place))[place.live]?.oid).not.toBe(half?.oid);
  });

  it("behind the comment that says loaded does not load again", async () => {
    const place = await world.place();
    const dying = withTarget(place, (real) => ({
      setNote: async (...args) => {
        await real.setNote(...args);
        return fail("DATABASE_UNREACHABLE", "the answer was lost");
      },
    }));
    expect(failureOf(await place.apply({ ports: dying }), "app.load").code).toBe("DATABASE_UNREACHABLE");
    const loaded = (await databasesOf(world, place))[place.side];
    expect(parseNote(loaded?.comment ?? null)?.state).toBe("loaded");
    const noLoad = withTarget(place, () => ({ load: async () => fail("INTERNAL", "loaded again") }));
    const applied = mustApply(await place.apply({ ports: noLoad }));
    expect(applied.steps.find(({ step }) => step.id === "app.load")?.facts).toMatchObject({
      oid: loaded?.oid,
      tables: 3,
      loaded: true,
    });
  });

  it("and whose side database somebody dropped makes it again", async () => {
    const place = await world.place();
    const dying = withTarget(place, () => ({ load: async () => fail("DATABASE_UNREACHABLE", "gone") }));
    failureOf(await place.apply({ ports: dying }), "app.load");
    await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
    mustApply(await place.apply());
  });

  it("does not load over what another plan loads there by now", async () => {
    const place = await world.place();
    const dying = withTarget(place, () => ({ load: async () => fail("DATABASE_UNREACHABLE", "gone") }));
    failureOf(await place.apply({ ports: dying }), "app.load");
    const note = await noteOfSide(place);
    const other = JSON.stringify({ ...note, plan: "f".repeat(64) });
    await world.cluster.psql("postgres", `COMMENT ON DATABASE ${place.side} IS 'x | ${other}'`);
    const before = await databasesOf(world, place);
    expect(failureOf(await place.apply(), "app.load").code).toBe("DATABASE_EXISTS");
    expect(await databasesOf(world, place)).toEqual(before);
  });
});

describe("a load", () => {
  it("is refused when a table of the backup is not there afterwards", async () => {
    const place = await world.place();
    const lossy = withTarget(place, (real) => ({
      load: async (load, signal) => {
        const report = await real.load(load, signal);
        await world.cluster.psql(load.into.name, 'DROP TABLE "odd schema"."odd table"');
        return report;
      },
    }));
    expect(failureOf(await place.apply({ ports: lossy }), "app.load")).toMatchObject({
      code: "RESTORE_INCOMPLETE",
      detail: expect.stringContaining("1 table: odd schema.odd table"),
    });
    expect((await noteOfSide(place))?.state).toBe("side");
  });

  it("leaves out what the plan leaves out, and does not miss its table", async () => {
    const place = await world.place();
    const entries = await entriesAbout(place, "odd table");
    const skip = entries.map((entry) => ({ entry, why: "a test" }));
    const plan = withSteps(place, (step) => {
      if (step.kind === "load") return { ...step, skip };
      if (step.kind === "verify" && step.type === "database") return { ...step, without: entries };
      return step;
    });
    mustApply(await place.apply({ plan }));
    expect(await world.cluster.psql(place.live, `SELECT to_regclass('"odd schema"."odd table"')`)).toBe("");
  });

  it("gets the archive of no plan without a decrypt", async () => {
    const place = await world.place();
    const plan = withSteps(place, (step) => {
      if (step.kind === "decrypt") return null;
      return step.kind === "load" ? { ...step, needs: ["app.download"] } : step;
    });
    expect(failureOf(await place.apply({ plan }), "app.load").code).toBe("PLAN_INVALID");
  });

  it("is journaled under the lease of a restore, the swap under the lock", async () => {
    const place = await world.place();
    mustApply(await place.apply());
    const steps = (scope: string) =>
      eventsOf(place.records, scope).flatMap((one) => (one.event === "end" ? [one.step] : []));
    expect(steps("app")).toEqual(["app.swap"]);
    expect(steps("app.restore")).toContain("app.load");
  });
});

/** The texts of the archive's entries that are about something, as a load reports them. */
async function entriesAbout(place: Place, what: string): Promise<readonly string[]> {
  const found: string[] = [];
  const watching = withTarget(place, (real) => ({
    load: async (load, signal) => {
      const report = await real.load(load, signal);
      found.push(...report.entries.map((one) => one.text).filter((text) => text.includes(what)));
      return fail("DATABASE_UNREACHABLE", "only a look");
    },
  }));
  failureOf(await place.apply({ ports: watching }), "app.load");
  await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
  return found;
}
