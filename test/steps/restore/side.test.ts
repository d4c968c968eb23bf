import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { sha256 } from "../../../src/model/canonical.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { fail } from "../../../src/problems/dbops-error.ts";
import { handClock } from "../../apply/build.ts";
import {
  failureOf,
  mustApply,
  type Place,
  type RestoreWorld,
  startRestoreWorld,
  withSteps,
} from "./world.ts";

let world: RestoreWorld;

beforeAll(async () => {
  world = await startRestoreWorld();
});

afterAll(() => world?.stop());

/** Runs these scripts between analyze and check. */
async function sanitizing(place: Place, scripts: Readonly<Record<string, string>>): Promise<Plan> {
  const folder = join(place.workplace.folder, "sql");
  await mkdir(folder, { recursive: true });
  for (const [name, sql] of Object.entries(scripts)) await writeFile(join(folder, name), sql);
  const files = Object.entries(scripts).map(([name, sql]) => ({ path: `sql/${name}`, sha256: sha256(sql) }));
  return withSteps(place, (step) =>
    step.kind === "analyze"
      ? { ...step, id: "app.sanitize", kind: "sanitize", effect: "change", files }
      : step.id === "app.check"
        ? { ...step, needs: ["app.sanitize"] }
        : step,
  );
}

function checking(
  place: Pick<Place, "plan">,
  checks: readonly { readonly name: string; readonly sql: string }[],
): Plan {
  return withSteps(place, (step) =>
    step.kind === "verify" && step.type === "database" ? { ...step, checks } : step,
  );
}

describe("sanitize", () => {
  it("runs the files in order before the database is verified, and tells what they removed", async () => {
    const place = await world.place();
    const plan = await sanitizing(place, {
      "1.sql": "UPDATE signals SET what = NULL;",
      "2.sql":
        'CREATE TABLE nothing_left AS SELECT count(what) FROM signals; DROP TABLE "odd schema"."odd table";',
    });
    const applied = mustApply(await place.apply({ plan }));
    expect(await world.cluster.psql(place.live, "SELECT * FROM nothing_left")).toBe("0");
    expect(applied.steps.find(({ step }) => step.id === "app.check")?.facts).toMatchObject({
      removed: ["odd schema.odd table"],
    });
  });

  it("refuses a file that is not the reviewed one, before it runs any", async () => {
    const place = await world.place();
    const plan = await sanitizing(place, { "1.sql": "TRUNCATE signals CASCADE;", "2.sql": "SELECT 1;" });
    await writeFile(join(place.workplace.folder, "sql/2.sql"), "SELECT 2;");
    expect(failureOf(await place.apply({ plan }), "app.sanitize")).toMatchObject({
      code: "PLAN_STALE",
      detail: expect.stringContaining("sql/2.sql"),
    });
    expect(await world.cluster.psql(place.side, "SELECT count(*) FROM signals")).toBe("5000");
  });

  it("does not run a file again that ran whole before a crash", async () => {
    const place = await world.place();
    await world.cluster.psql(place.live, "SELECT 1");
    const plan = await sanitizing(place, {
      "1.sql": "CREATE TABLE ran_once ();",
      "2.sql": "CREATE TABLE ran_last ();",
    });
    const real = place.ports.restoreTarget("app");
    const restoreTarget = () => ({
      ...real,
      runScript: async (...args: Parameters<typeof real.runScript>) =>
        args[1].path === "sql/2.sql" ? fail("DATABASE_UNREACHABLE", "gone") : real.runScript(...args),
    });
    failureOf(await place.apply({ plan, ports: { restoreTarget } }), "app.sanitize");
    mustApply(await place.apply({ plan }));
    expect(await world.cluster.psql(place.live, "SELECT to_regclass('ran_last')")).toBe("ran_last");
  });
});

describe("verify of a database", () => {
  it("fails for every check that is not exactly true, by its name and without what it found", async () => {
    const place = await world.place();
    const plan = checking(place, [
      { name: "right", sql: "SELECT true" },
      { name: "wrong", sql: "SELECT count(*) = 3 FROM signals" },
      { name: "text", sql: "SELECT 'a secret name'::text" },
      { name: "null", sql: "SELECT NULL::bool" },
    ]);
    const applied = await place.apply({ plan });
    expect(failureOf(applied, "app.check").code).toBe("CHECK_FAILED");
    const problems = applied.steps.find(({ step }) => step.id === "app.check")?.problems ?? [];
    expect(problems.map((one) => one.detail)).toEqual([
      expect.stringMatching(/^wrong gave false/),
      expect.stringMatching(/^text gave something that is neither true nor false/),
      expect.stringMatching(/^null gave nothing/),
    ]);
    expect(JSON.stringify(applied)).not.toContain("a secret name is");
    expect(await world.cluster.psql(place.live, "SELECT to_regclass('signals')")).toBe("");
  });

  it("names a check that cannot be asked", async () => {
    const place = await world.place();
    const plan = checking(place, [{ name: "misspelt", sql: "SELECT count(*) > 0 FROM sginals" }]);
    expect(failureOf(await place.apply({ plan }), "app.check").detail).toContain("check misspelt: ");
  });

  it("fails when a table went after the load and no file of the plan removed it", async () => {
    const place = await world.place();
    const real = place.ports.restoreTarget("app");
    const restoreTarget = () => ({
      ...real,
      analyze: async (...args: Parameters<typeof real.analyze>) => {
        await world.cluster.psql(args[0].name, 'DROP TABLE "odd schema"."odd table"');
        return real.analyze(...args);
      },
    });
    expect(failureOf(await place.apply({ ports: { restoreTarget } }), "app.check").code).toBe(
      "RESTORE_INCOMPLETE",
    );
  });
});

/** With this done to the side database behind the load, and no declared check that could find it. */
async function verifiedAfter(sql: string) {
  const place = await world.place();
  const real = place.ports.restoreTarget("app");
  const restoreTarget = () => ({
    ...real,
    analyze: async (...args: Parameters<typeof real.analyze>) => {
      await world.cluster.psql(args[0].name, `TRUNCATE signals CASCADE; ANALYZE; ${sql}`);
    },
  });
  return place.apply({ plan: checking(place, []), ports: { restoreTarget } });
}

describe("a table that had rows in the backup and has none by now", () => {
  const factsOf = (applied: Awaited<ReturnType<typeof verifiedAfter>>) =>
    mustApply(applied).steps.find(({ step }) => step.id === "app.check")?.facts;

  it("is told by its name, and not refused: the rows that the source had are an estimate", async () => {
    expect(factsOf(await verifiedAfter("SELECT 1"))).toMatchObject({
      warnings: [expect.stringMatching(/^no row, .* in 1 table: public\.signals$/)],
    });
  });

  it.each([
    ["has a row that was not counted yet", "INSERT INTO signals VALUES (1, now())"],
    ["is not logged", 'ALTER TABLE "odd schema"."odd table" SET UNLOGGED; ALTER TABLE signals SET UNLOGGED'],
    ["is of an extension", "ALTER EXTENSION plpgsql ADD TABLE signals"],
  ])("is not told when it %s", async (_what, sql) => {
    expect(factsOf(await verifiedAfter(sql))).not.toHaveProperty("warnings");
  });

  it("is not told when a file of the plan removed them", async () => {
    const place = await world.place();
    const plan = await sanitizing(place, { "1.sql": "TRUNCATE signals CASCADE; ANALYZE;" });
    mustApply(await place.apply({ plan: checking({ plan }, []) }));
  });
});

describe("verify of URLs", () => {
  it("is patient, and done when each answers with 2xx", async () => {
    const { url, asked } = await serverOf([503, 404, 204]);
    const place = await world.place();
    const applied = mustApply(await place.apply({ plan: asking(place, [url]), ports: { clock: atOnce() } }));
    expect(applied.steps.at(-1)?.facts).toEqual({ answers: [{ url, status: 204 }] });
    expect(asked()).toBe(3);
  });

  it("fails with the last status of each that never does, behind the swap", async () => {
    const bad = await serverOf([500]);
    const good = await serverOf([200]);
    const place = await world.place();
    const gone = "http://127.0.0.1:1/";
    const plan = asking(place, [good.url, bad.url, gone]);
    const applied = await place.apply({ plan, ports: { clock: atOnce() } });
    const ended = applied.steps.find(({ step }) => step.id === "app.health");
    expect(ended?.problems.map((one) => one.code)).toEqual(["CHECK_FAILED", "HTTP_UNREACHABLE"]);
    expect(ended?.problems[0]?.detail).toContain(`${bad.url} answered 500`);
    expect(good.asked()).toBe(1);
    expect(bad.asked()).toBe(6);
    expect(await world.cluster.psql(place.live, "SELECT count(*) FROM signals")).toBe("5000");
  });
});

function asking(place: Place, urls: readonly string[]): Plan {
  const health = {
    id: "app.health",
    kind: "verify",
    type: "http",
    effect: "none",
    why: "a test",
    needs: ["app.swap"],
    after: [],
    database: "app",
    urls,
  } as const;
  return withSteps({ plan: { ...place.plan, steps: [...place.plan.steps, health] } }, (step) => step);
}

/** A server that gives these answers one after the other, the last one from then on. */
async function serverOf(statuses: readonly number[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    response.statusCode = statuses[Math.min(asked, statuses.length - 1)] ?? 500;
    asked += 1;
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/health`, asked: () => asked };
}

/** A clock whose pauses are none. */
function atOnce(): Clock {
  return { ...handClock(), sleep: async () => undefined };
}
