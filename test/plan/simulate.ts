import type { Backup, Origin } from "../../src/model/backup.ts";
import type { Environment } from "../../src/model/environment.ts";
import { type Instant, parseStamp } from "../../src/model/instant.ts";
import { backupName, freeStamp } from "../../src/model/layout.ts";
import type { Listing, Observation } from "../../src/model/observation.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { BackupReference, PruneStep, Step } from "../../src/model/step.ts";
import { railsOf } from "../../src/policy/rails.ts";
import { planSizeRail } from "../../src/policy/size-rail.ts";

export interface World {
  readonly observation: Observation;
  readonly at: Instant;
  /** Ids of steps that fail; what needs them is skipped. */
  readonly failing?: ReadonlySet<string>;
}

/**
 * What the world looks like after a plan was applied at an instant, on the observation alone: deletions as early as
 * their needs allow, each past the rails with the listing of that very moment. Throws where a handler would refuse.
 */
export function applied(environment: Environment, plan: Plan, world: World): Observation {
  const state = structuredClone(world.observation) as Mutable<Observation>;
  tick(state, world.at);
  const run: Run = {
    environment,
    steps: plan.steps,
    state,
    made: new Map(),
    origins: new Map(),
    at: world.at,
  };
  const done = new Set<string>();
  const open = plan.steps.filter((step) => world.failing?.has(step.id) !== true);
  for (let step = next(open, done); step !== undefined; step = next(open, done)) {
    perform(step, run);
    done.add(step.id);
  }
  return state;
}

/** Of the steps whose needs are met, the first deletion, else the first. */
function next(steps: readonly Step[], done: ReadonlySet<string>): Step | undefined {
  const ready = steps.filter((step) => !done.has(step.id) && step.needs.every((id) => done.has(id)));
  return ready.find((step) => step.effect === "destroy") ?? ready[0];
}

type Listed = Extract<Listing, { state: "listed" }>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

interface Run {
  readonly environment: Environment;
  readonly steps: readonly Step[];
  readonly state: Mutable<Observation>;
  /** Names by upload step. */
  readonly made: Map<string, string>;
  readonly origins: Map<string, Origin>;
  readonly at: Instant;
}

function tick(state: Mutable<Observation>, at: Instant): void {
  state.observedAt = at;
  for (const store of Object.values(state.stores)) if (store.state === "readable") store.clockAt = at;
  for (const database of Object.values(state.databases))
    if (database.state === "reachable") database.clockAt = at;
}

function perform(step: Step, run: Run): void {
  switch (step.kind) {
    case "dump":
      run.origins.set(step.artifact, step.origin);
      break;
    case "encrypt":
      break;
    case "upload":
      upload(step, run);
      break;
    case "copy":
      copy(step, run);
      break;
    case "verify":
      verify(step, run);
      break;
    case "prune":
      prune(step, run);
      break;
    case "hold":
      hold(step, run);
      break;
    case "drop":
      drop(step, run);
      break;
    default:
      throw new Error(`${step.id}: these plans restore nothing`);
  }
}

function verify(step: Extract<Step, { kind: "verify" }>, run: Run): void {
  if (step.type !== "backup" && step.type !== "classic")
    throw new Error(`${step.id}: these plans restore nothing`);
  const name = resolve(step.backup, run);
  if (!isComplete(listing(run, step.store, step.database), name)) throw new Error(`${step.id}: not there`);
}

function hold(step: Extract<Step, { kind: "hold" }>, run: Run): void {
  const name = resolve(step.backup, run);
  const found = listing(run, step.store, step.database).backups.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${step.id}: not there`);
  found.holds = found.holds.filter((id) => id !== step.hold);
  if (step.action === "place") found.holds.push(step.hold);
}

function drop({ database, name, expect }: Extract<Step, { kind: "drop" }>, { state }: Run): void {
  const seen = state.databases[database];
  const made = seen?.state === "reachable" ? (seen.made ?? []) : [];
  if (seen?.state !== "reachable" || !made.some((one) => one.name === name && one.oid === expect.oid))
    throw new Error(`${name}: not there`);
  seen.made = made.filter((one) => one.name !== name);
}

function upload(step: Extract<Step, { kind: "upload" }>, run: Run): void {
  const nameOf = (stamp: string) => backupName(run.environment.name, step.database, stamp);
  const taken = new Set(Object.keys(run.state.stores).flatMap((store) => namesIn(run, store, step.database)));
  const stamp = freeStamp(run.at, (one) => taken.has(nameOf(one)));
  const name = nameOf(stamp);
  run.made.set(step.id, name);
  add(listing(run, step.store, step.database), {
    name,
    database: step.database,
    at: parseStamp(stamp) ?? run.at,
    layout: step.layout ?? "directory",
    state: "complete",
    origin: run.origins.get(step.artifact) ?? null,
    bytes: 1000,
    etag: `etag-${name}`,
    modifiedAt: run.at,
    proofs: [],
    holds: step.hold === null ? [] : [step.hold],
  });
}

function copy(step: Extract<Step, { kind: "copy" }>, run: Run): void {
  const name = resolve(step.backup, run);
  const source = listing(run, step.from, step.database).backups.find((one) => one.name === name);
  if (source?.layout !== (step.layout ?? "directory")) throw new Error(`${step.id}: ${name} lies otherwise`);
  if (source.state !== "complete") throw new Error(`${step.id}: ${name} is not complete in ${step.from}`);
  const to = listing(run, step.to, step.database);
  to.backups = to.backups.filter((one) => one.name !== name);
  add(to, { ...structuredClone(source), proofs: [], modifiedAt: run.at });
}

function prune(step: PruneStep, run: Run): void {
  const { target } = step;
  const current = listing(run, step.store, step.database);
  const declared = run.environment.databases.find((one) => one.name === step.database);
  const policies = declared?.backup.stores ?? [];
  const looks = policies.map(({ store, retention }) => ({
    store,
    retention,
    clockAt: run.at,
    listing: listing(run, store, step.database) as Listed,
  }));
  const rail = railsOf(current as Listed, {
    environment: run.environment.name,
    database: step.database,
    store: step.store,
    retention: policies.find((one) => one.store === step.store)?.retention ?? null,
    clockAt: run.at,
    others: looks.filter((one) => one.store !== step.store),
    leaseHolder: null,
  });
  const refusal = rail(target) ?? planSizeRail(step, run.steps, current as Listed);
  if (refusal !== null) throw new Error(`${step.id}: ${refusal.code} ${refusal.detail}`);
  if (target.type === "upload")
    current.uploads = current.uploads.filter((one) => one.key !== target.key || one.id !== target.id);
  else current.backups = current.backups.filter((one) => one.name !== target.name);
}

function listing(run: Run, store: string, database: string): Mutable<Extract<Listing, { state: "listed" }>> {
  const seen = run.state.stores[store];
  const found = seen?.state === "readable" ? seen.listings[database] : undefined;
  if (found?.state !== "listed") throw new Error(`${store} cannot be read`);
  return found;
}

function namesIn(run: Run, store: string, database: string): readonly string[] {
  return listing(run, store, database).backups.map((one) => one.name);
}

function add(to: Mutable<Extract<Listing, { state: "listed" }>>, backup: Backup): void {
  to.backups = [...to.backups, structuredClone(backup) as Mutable<Backup>].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function isComplete(within: Mutable<Extract<Listing, { state: "listed" }>>, name: string): boolean {
  return within.backups.some((one) => one.name === name && one.state === "complete");
}

function resolve(backup: BackupReference, run: Run): string {
  if ("existing" in backup) return backup.existing;
  const name = run.made.get(backup.made);
  if (name === undefined) throw new Error(`${backup.made} has made nothing`);
  return name;
}
