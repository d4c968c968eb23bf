import { afterAll, beforeAll, expect, it } from "vitest";
import type { Plan } from "../../../src/model/plan.ts";
import type { Applied } from "../../../src/model/report.ts";
import type { Step } from "../../../src/model/step.ts";
import type { Postgres } from "../../../src/ports/postgres.ts";
import type { RestoreTarget } from "../../../src/ports/restore-target.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import { pipelineOf } from "../../apply/steps.ts";
import { backupFilesOf } from "../../support/taken-backup.ts";
import {
  failureOf,
  mustApply,
  type Place,
  planOfBackup,
  type RestoreWorld,
  startRestoreWorld,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
  await world.cluster.createDatabase("counted");
  await world.cluster.psql("counted", SCHEMA);
});

afterAll(() => world?.stop());

/** pg_dump loads the rows of such partitions by way of their root: a restored enum has other oids, and with them another hash. */
const LABELS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const SCHEMA = `
  CREATE TABLE signals AS SELECT generate_series(1, 5000) AS id; CREATE TABLE "a.b" AS SELECT 1 AS id;
  CREATE SCHEMA a; CREATE TABLE a.b (); CREATE MATERIALIZED VIEW stale AS SELECT id FROM signals; INSERT INTO signals VALUES (0);
  CREATE TYPE label AS ENUM (${LABELS.map((one) => `'${one}'`).join(", ")});
  CREATE TABLE marks (label label) PARTITION BY HASH (label);
  ${[0, 1, 2, 3].map((n) => `CREATE TABLE marks_${n} PARTITION OF marks FOR VALUES WITH (MODULUS 4, REMAINDER ${n});`).join("\n")}
  ${LABELS.map((one, n) => `INSERT INTO marks SELECT '${one}' FROM generate_series(1, ${2 ** n});`).join("\n")}`;

type DatabaseCheck = Extract<Step, { kind: "verify"; type: "database" }>;

/** Restores a new backup whose rows are counted. */
async function countedPlan(place: Place, change: Partial<DatabaseCheck> = {}): Promise<Plan> {
  const plan = await planOfBackup(place, { database: "counted", counts: "exact" });
  return withSteps({ plan }, (step) =>
    step.kind === "verify" && step.type === "database" ? { ...step, checks: [], ...change } : step,
  );
}

/** The real server, but for some calls. */
function withTarget(place: Place, change: (real: RestoreTarget) => Partial<RestoreTarget>) {
  const real = place.ports.restoreTarget("app");
  return { restoreTarget: (): RestoreTarget => ({ ...real, ...change(real) }) };
}

/** The real server, which runs this in the loaded database before it is checked. */
function spoiling(place: Place, sql: string) {
  return withTarget(place, (real) => ({
    analyze: async (request, signal) => {
      await real.analyze(request, signal);
      await world.cluster.psql(request.name, sql);
    },
  }));
}

function checkOf(applied: Applied) {
  return applied.steps.find(({ step }) => step.id === "app.check")?.facts;
}

it("the rows of a backup that counted them are counted again, wherever among its partitions a row stands, before it replaces anything", async () => {
  const place = await world.place();
  const plan = await countedPlan(place);
  const spoilt = spoiling(place, "DELETE FROM signals WHERE id = 4711; DELETE FROM marks WHERE label = 'a'");
  expect(failureOf(await place.apply({ plan, ports: spoilt }), "app.check")).toMatchObject({
    code: "RESTORE_INCOMPLETE",
    detail: `${place.side} has another number of rows than the dump in 2 tables: public.marks (1022, in the dump 1023), public.signals (5000, in the dump 5001)`,
    fix: expect.stringContaining("dbops plan production restore"),
  });
  await world.cluster.psql(place.side, "INSERT INTO signals VALUES (4711); INSERT INTO marks VALUES ('a')");
  expect(checkOf(mustApply(await place.apply({ plan })))).toEqual({
    name: place.side,
    tables: 9,
    counted: 7,
    checks: 0,
  });
  const rows = "SELECT tableoid::regclass, count(*) FROM marks GROUP BY 1 ORDER BY 1";
  expect(await world.cluster.psql(place.live, rows)).not.toBe(await world.cluster.psql("counted", rows));
});

it("they are not compared where the table's data was tolerated, nor behind SQL files, and told where the admin role may not count", async () => {
  const place = await world.place();
  const plan = await countedPlan(place, { without: ["0 1 TABLE DATA public signals postgres"] });
  const sanitized = withSteps({ plan }, (step) => {
    if (step.kind === "swap") return null;
    return step.kind === "analyze" ? { ...step, kind: "sanitize", effect: "change", files: [] } : step;
  });
  const uncountable = withTarget(place, () => ({ countRows: async () => fail("INTERNAL", "was counted") }));
  const applied = mustApply(await place.apply({ plan: sanitized, ports: uncountable }));
  expect(checkOf(applied)).not.toHaveProperty("counted");
  await world.cluster.psql("postgres", `DROP DATABASE ${place.side}`);
  const blind = withTarget(place, (real) => ({
    ...spoiling(place, "DELETE FROM signals").restoreTarget(),
    countRows: async (request, signal) =>
      (await real.countRows(request, signal)).map((one) =>
        one.name === "a.b" ? { ...one, rows: null } : one,
      ),
  }));
  expect(checkOf(mustApply(await place.apply({ plan, ports: blind })))).toMatchObject({
    counted: 5,
    warnings: ["not counted, because the admin role may not read all of it: 1 table: public.a.b"],
  });
});

it("a dump whose rows could not be counted to the end fails with that, and is no backup", async () => {
  const place = await world.place();
  const sealing = { age: { recipients: [place.workplace.recipient] } };
  const steps = pipelineOf("app").map((step): Step => {
    if (step.kind === "encrypt") return { ...step, sealing };
    return step.kind === "dump" ? { ...step, counts: "exact" } : step;
  });
  const plan = withSteps({ plan: { ...place.plan, steps } }, (step) => step);
  const real = place.ports.postgres("app");
  const lost = async () => fail("DUMP_FAILED", "the rows of public.signals could not be counted");
  const postgres = (): Postgres => ({
    ...real,
    openSnapshot: async (signal) => {
      const snapshot = await real.openSnapshot(signal);
      return {
        ...snapshot,
        countRows: async () => {
          await (await snapshot.countRows(signal)).counts;
          const counts = lost();
          counts.catch(() => undefined);
          return { counts };
        },
      };
    },
  });
  const before = await backupFilesOf(place.workplace);
  expect(failureOf(await place.apply({ plan, ports: { postgres } }), "app.upload")).toMatchObject({
    code: "DUMP_FAILED",
    detail: "the rows of public.signals could not be counted",
  });
  expect((await backupFilesOf(place.workplace)).filter((one) => one.endsWith("manifest.json"))).toEqual(
    before.filter((one) => one.endsWith("manifest.json")),
  );
  mustApply(await place.apply({ plan }));
});
