import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { runPlan } from "../../../src/apply/run-plan.ts";
import { loadEnvironment } from "../../../src/config/load-environments.ts";
import { connect } from "../../../src/main/connect.ts";
import { digestOf } from "../../../src/model/canonical.ts";
import { folderOf, MANIFEST } from "../../../src/model/layout.ts";
import { madeNames } from "../../../src/model/made-database.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { Applied } from "../../../src/model/report.ts";
import type { Step } from "../../../src/model/step.ts";
import type { Problem } from "../../../src/problems/problem.ts";
import type { Ports } from "../../../src/steps/handler.ts";
import { handlers } from "../../../src/steps/handlers.ts";
import { never, optionsOf, planOf, recordsOf } from "../../apply/build.ts";
import { type Declared, declareApp } from "../../support/declared-environment.ts";
import { startKept } from "../../support/kept-world.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";
import type { Cluster, ClusterOptions } from "../../support/postgres-cluster.ts";
import { mustSucceed, takeBackup } from "../../support/taken-backup.ts";
import { copyWorkplace, type Workplace } from "../../support/workplace.ts";
import { restoreSteps } from "./steps.ts";

/** A server, and a workplace whose store `primary` has one real, encrypted backup of its database `app`. */
export interface RestoreWorld {
  readonly cluster: Cluster;
  /** Name of the backup. */
  readonly backup: string;
  place(declared?: Declared): Promise<Place>;
  stop(): Promise<void>;
}

/** What one test restores over: a database of its own on the server, a copy of the workplace, and a plan. */
export interface Place {
  readonly cluster: Cluster;
  readonly workplace: Workplace;
  readonly ports: Ports;
  readonly live: string;
  readonly liveOid: number;
  readonly side: string;
  readonly old: string;
  readonly steps: readonly Step[];
  readonly plan: Plan;
  readonly records: MemoryStore;
  /** Carries out the plan, or another one, in the journal of this place. */
  apply(more?: { readonly plan?: Plan; readonly ports?: Partial<Ports> }): Promise<Applied>;
}

const SCHEMA = `
  CREATE TABLE signals (id int PRIMARY KEY, at timestamptz NOT NULL, what text);
  INSERT INTO signals SELECT n, '2025-01-18 00:00Z', repeat('x', 100) FROM generate_series(1, 5000) n;
  CREATE INDEX ON signals (at);
  CREATE SCHEMA "odd schema";
  CREATE TABLE "odd schema"."odd table" (id int REFERENCES signals (id));
  CREATE MATERIALIZED VIEW newest AS SELECT max(at) AS at FROM signals;`;

export async function startRestoreWorld(
  options: Pick<ClusterOptions, "settings"> = {},
): Promise<RestoreWorld> {
  const { cluster, template, made: backup, stop } = await startKept("restore", backUp, options);
  const at = { cluster, template, backup };
  return { cluster, backup, place: (declared = {}) => makePlace(at, declared), stop };
}

/** The name of the backup that it makes. */
async function backUp(cluster: Cluster, template: Workplace): Promise<string> {
  await cluster.createDatabase("app");
  await cluster.psql("app", SCHEMA);
  await declareApp(template, cluster, declaration(cluster));
  mustSucceed(await template.dbops(["init", "stores", "production"]));
  return (await takeBackup(template)).manifest.name;
}

function declaration(cluster: Cluster): Declared {
  const password = { file: cluster.passwordFile };
  return { admin: { user: cluster.superuser, password }, identities: [{ file: "./age.key" }] };
}

let places = 0;

async function makePlace(
  { cluster, template, backup }: { cluster: Cluster; template: Workplace; backup: string },
  declared: Declared,
): Promise<Place> {
  places += 1;
  const live = `live ${places}`;
  const { side, old } = madeNames(live);
  const workplace = await copyWorkplace(template);
  onTestFinished(() => workplace.remove());
  await cluster.psql("postgres", `CREATE DATABASE "${live}"`);
  await declareApp(workplace, cluster, { ...declaration(cluster), database: live, ...declared });
  const environment = await loadEnvironment("production", join(workplace.folder, "environments"));
  const { ports } = connect(environment, "read-write", never);
  const info = await ports.store("primary").head(`${folderOf(backup)}${MANIFEST}`, never);
  const seen = await ports.restoreTarget("app").inspect(live, never);
  if (seen.state !== "reachable") throw new Error(seen.problem.detail);
  const liveOid = seen.live?.oid ?? 0;
  const steps = restoreSteps({ backup, etag: info?.etag ?? "", side, live, old, liveOid });
  const { endpoint, systemIdentifier } = seen;
  const plan = planFor(steps, { endpoint, systemIdentifier, database: live, oid: liveOid });
  const records = memoryStore();
  const apply: Place["apply"] = async (more = {}) => {
    const changed = { ...ports, ...more.ports };
    const options = { ...optionsOf(recordsOf(records), {}, { handlers }), ports: changed };
    const ran = await runPlan(more.plan ?? plan, options);
    return { ...ran, left: [], unseen: 0, elapsedMs: 0 };
  };
  return { cluster, workplace, ports, live, liveOid, side, old, steps, plan, records, apply };
}

function planFor(steps: readonly Step[], app: Plan["targets"]["databases"][string]): Plan {
  return resealed({ ...planOf(steps), targets: { stores: {}, databases: { app } } });
}

/** The same plan with other steps. */
export function withSteps(place: Pick<Place, "plan">, change: (step: Step) => Step | null): Plan {
  const steps = place.plan.steps.flatMap((step) => change(step) ?? []);
  return resealed({ ...place.plan, steps });
}

function resealed({ plan: _plan, ...content }: Plan): Plan {
  return { ...content, plan: digestOf(content) };
}

/** The plan of a place for a new backup, which is made as declared here. */
export async function planOfBackup(place: Place, declared: Declared): Promise<Plan> {
  await declareApp(place.workplace, place.cluster, declared);
  const { manifest } = await takeBackup(place.workplace);
  const info = await place.ports.store("primary").head(`${folderOf(manifest.name)}${MANIFEST}`, never);
  const expected = { etag: info?.etag ?? "" };
  return withSteps(place, (step) =>
    step.kind === "download" ? { ...step, backup: manifest.name, expect: expected } : step,
  );
}

/** The step of this kind; the first where there are several. */
export function stepOf<K extends Step["kind"]>(place: Pick<Place, "steps">, kind: K) {
  const found = place.steps.find((step): step is Extract<Step, { kind: K }> => step.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

/** `app.load done`, in the order of the plan. */
export function outcomesOf(applied: Applied): readonly string[] {
  return applied.steps.map(({ step, outcome }) => `${step.id} ${outcome}`);
}

/** The problem that a step, or its pipeline, failed with; throws with what happened instead. */
export function failureOf(applied: Applied, id: string): Problem {
  const ended = applied.steps.find(({ step }) => step.id === id);
  if (ended?.stoppedWith !== undefined) return failureOf(applied, ended.stoppedWith);
  const [problem] = ended?.outcome === "failed" ? ended.problems : [];
  if (problem === undefined) throw new Error(JSON.stringify(applied.steps, null, 1));
  return problem;
}

/** Throws when anything of it did not end well. */
export function mustApply(applied: Applied): Applied {
  if (applied.outcome !== "applied") throw new Error(JSON.stringify(applied.steps, null, 1));
  return applied;
}

/** The path of an object of the backup, by what its key ends with. */
export async function objectPath(place: Place, backup: string, role: "archive" | "detail"): Promise<string> {
  const folder = join(place.workplace.folder, "stores/primary", folderOf(backup));
  const manifest = JSON.parse(await readFile(join(folder, MANIFEST), "utf8")) as {
    objects: readonly { role: string; key: string }[];
  }; // what dbops wrote
  return join(folder, manifest.objects.find((object) => object.role === role)?.key ?? "");
}

/** oid and comment of every database of this place that stands on the server, by name. */
export async function databasesOf(
  world: RestoreWorld,
  { live, side, old }: Place,
): Promise<Readonly<Record<string, { oid: number; comment: string | null }>>> {
  const names = [live, side, old].map((name) => `'${name}'`).join(", ");
  const sql = `SELECT coalesce(json_object_agg(datname, json_build_object('oid', oid::int8, 'comment', shobj_description(oid, 'pg_database'))), '{}')
    FROM pg_database WHERE datname IN (${names})`;
  return JSON.parse(await world.cluster.psql("postgres", sql));
}
