import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acquireLock } from "../../src/apply/lock.ts";
import { loadEnvironment } from "../../src/config/load-environments.ts";
import { connect } from "../../src/main/connect.ts";
import { parseNote, renderNote } from "../../src/model/made-database.ts";
import { edit, readPlan } from "../support/plan-text.ts";
import {
  type Place,
  quoted,
  type RestorableWorld,
  restoredIn,
  startRestorableWorld,
} from "../support/restorable-world.ts";
import { backupsIn } from "../support/store-files.ts";
import { mustSucceed } from "../support/taken-backup.ts";

let world: RestorableWorld;

beforeAll(async () => {
  world = await startRestorableWorld();
});

afterAll(async () => {
  await world?.stop();
});

interface Replaced {
  readonly place: Place;
  /** The name of what was replaced. */
  readonly old: string;
  /** Checksums of what it holds. */
  readonly content: string;
}

/** A place that was restored so long ago that the grace of what was replaced is over. */
async function replacedLongAgo(): Promise<Replaced> {
  const place = await world.fresh();
  await world.cluster.psql(place.live, "CREATE TABLE since_then AS SELECT 7 AS id");
  const { checksums: content } = await restoredIn(world.cluster, place.live);
  mustSucceed(await place.dbops(["plan", "production", "restore", "--at", world.stamp, "--out", "r.yaml"]));
  mustSucceed(await place.dbops(["apply", "r.yaml", "--yes"]));
  const swap = (await readPlan(place, "r.yaml")).steps.find((step) => step.kind === "swap");
  const old = swap?.kind === "swap" && swap.type === "database" ? swap.old : "";
  const note = parseNote(
    await world.cluster.psql(
      "postgres",
      `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${old}'`,
    ),
  );
  if (note === null) throw new Error(`${old} has no note`);
  const aged = renderNote({ ...note, replacedAt: "2025-01-18T01:00:00.123456Z" });
  await world.cluster.psql("postgres", `COMMENT ON DATABASE ${old} IS '${aged.replaceAll("'", "''")}'`);
  return { place, old, content };
}

async function stands(name: string): Promise<boolean> {
  return (
    (await world.cluster.psql("postgres", `SELECT count(*) FROM pg_database WHERE datname = '${name}'`)) ===
    "1"
  );
}

async function automatic(place: Place, kinds: readonly string[]): Promise<void> {
  await edit(place, "environments/production.yaml", (text) =>
    text.replace(
      /"version": 1,(\n {2}"automatic": .*)?/,
      `"version": 1,\n  "automatic": ${JSON.stringify(kinds)},`,
    ),
  );
}

describe("what a restore replaced, when its grace is over", () => {
  it("is backed up and dropped by a plan, and can be restored from that backup by its name alone", async () => {
    const { place, old, content } = await replacedLongAgo();
    const planned = mustSucceed(await place.dbops(["plan", "production", "--out", "d.yaml"]));
    expect(planned.stdout).toContain(`back up ${old} to primary`);
    expect(planned.stdout).toContain(`drop the database ${old}, counting on the new backup of ${old}`);
    const asked = await place.dbops(["apply", "d.yaml"]);
    expect(asked).toMatchObject({ code: 6 });
    const before = await backupsIn(place, "primary");
    const rehearsed = mustSucceed(await place.dbops(["apply", "d.yaml", "--dry-run"]));
    expect(rehearsed.stdout).toContain(old);
    mustSucceed(await place.dbops(["apply", "d.yaml", "--yes"]));
    expect(await stands(old)).toBe(false);
    const made = (await backupsIn(place, "primary")).filter((one) => !before.includes(one));
    expect(made).toHaveLength(2); // the scheduled one was due as well
    const again = await place.dbops(["plan", "production", "--detailed-exitcode"]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("No changes.") });

    const into = `${old} again`;
    const stamp = made[1] ?? "";
    const restore = ["plan", "production", "restore", "--into", into, "--out", "o.yaml"];
    mustSucceed(await place.dbops([...restore, "--file", `production_app_${stamp}`]));
    mustSucceed(await place.dbops(["apply", "o.yaml"]));
    expect((await restoredIn(world.cluster, into)).checksums).toBe(content);
    const comment = `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${into}'`;
    expect(await world.cluster.psql("postgres", comment)).not.toContain("took its place");
    const connect = `SELECT has_database_privilege('reader', ${quotedText(into)}, 'CONNECT')`;
    expect(await world.cluster.psql("postgres", connect)).toBe("t");
    const newest = mustSucceed(
      await place.dbops([
        "plan",
        "production",
        "restore",
        "--at",
        "latest",
        "--into",
        "x",
        "--out",
        "n.yaml",
      ]),
    );
    expect(newest.stdout + newest.stderr).toContain("is a safety backup, restored only by its name");
    await world.cluster.psql("postgres", `DROP DATABASE ${quoted(into)}`);
  });

  it("is dropped without a backup where it is discarded", async () => {
    const { place, old } = await replacedLongAgo();
    const options = ["--discard", "--target", `app.${old}`, "--out", "d.yaml"];
    const planned = mustSucceed(await place.dbops(["plan", "production", ...options]));
    expect(planned.stdout).toContain("given up without a backup, as asked");
    expect(planned.stdout).toContain("Plan: 0 to add, 0 to change, 1 to destroy.");
    const before = await backupsIn(place, "primary");
    expect(await place.dbops(["apply", "d.yaml"])).toMatchObject({ code: 6 });
    mustSucceed(await place.dbops(["apply", "d.yaml", "--yes"]));
    expect(await stands(old)).toBe(false);
    expect(await backupsIn(place, "primary")).toEqual(before);
  });

  it("is left to a person by run, dump and all, unless the file says automatic: [drop], and not during a restore", async () => {
    const { place, old } = await replacedLongAgo();
    await automatic(place, ["backup", "copy", "prune"]);
    const left = mustSucceed(await place.dbops(["run", "production"]));
    expect(left.stdout).toContain("Left for a person");
    expect(left.stdout).toContain(old);
    const before = await backupsIn(place, "primary");
    mustSucceed(await place.dbops(["run", "production"]));
    expect([await stands(old), await backupsIn(place, "primary")]).toEqual([true, before]);
    await automatic(place, ["backup", "drop"]);
    const file = await loadEnvironment("production", join(place.folder, "environments"));
    const { records } = connect(file, "read-write", new AbortController().signal);
    const restoring = await acquireLock(records, "app.restore", "another plan");
    const waiting = mustSucceed(await place.dbops(["run", "production"]));
    await restoring.release();
    expect(waiting.stdout + waiting.stderr).toContain(`${old} stays for now: app is being restored by`);
    expect([await stands(old), await backupsIn(place, "primary")]).toEqual([true, before]);
    mustSucceed(await place.dbops(["run", "production"]));
    expect(await stands(old)).toBe(false);
    expect(await backupsIn(place, "primary")).toHaveLength(before.length + 1);
    expect(await place.dbops(["audit", "verify", "production"])).toMatchObject({ code: 0 });
  });
});

it("refuses --discard where it means nothing", async () => {
  const place = await world.fresh();
  expect(await place.dbops(["plan", "production", "backup", "--discard"])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("--discard belongs to plan without an operation"),
  });
});

function quotedText(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}
