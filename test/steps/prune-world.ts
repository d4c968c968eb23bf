import { sha256 } from "../../src/model/canonical.ts";
import type { BackupFormat, Database, Environment, Retention } from "../../src/model/environment.ts";
import { parseStamp } from "../../src/model/instant.ts";
import {
  backupFolder,
  backupName,
  MANIFEST,
  objectKey,
  originKey,
  STORE_MARK,
} from "../../src/model/layout.ts";
import type { Manifest, ManifestObject, ObjectRole } from "../../src/model/manifest.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { PruneStep, PruneTarget, Step } from "../../src/model/step.ts";
import { problemsOf } from "../../src/problems/dbops-error.ts";
import type { StepRun } from "../../src/steps/handler.ts";
import { prune } from "../../src/steps/prune/prune.ts";
import { never, portsOf } from "../apply/build.ts";
import { sealed, stepBase } from "../plan/any-plan.ts";
import { database, environment, NO_RULES, NOW } from "../plan/build.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";

export const DB = "trading_signals";

export interface PruneWorld {
  readonly environment: Environment;
  readonly stores: Readonly<Record<string, MemoryStore>>;
  /** Probes and, when ready, executes a step of a plan of these steps; the refusal's code and detail, or "done". */
  run(step: PruneStep, plan?: readonly Step[]): Promise<string>;
}

/** Marked memory stores at NOW, each with its policy for one database, and the prune handler. */
export function pruneWorld(
  policies: Readonly<Record<string, Partial<Retention>>>,
  more: Partial<Pick<StepRun, "leaseHolder">> & {
    readonly databases?: readonly Database[];
    readonly format?: BackupFormat;
  } = {},
): PruneWorld {
  const names = Object.keys(policies);
  const kept = names.map((store) => ({ store, retention: { ...NO_RULES, ...policies[store] } }));
  const declared = environment(database({ stores: kept, format: more.format ?? "archive" }));
  const world = more.databases === undefined ? declared : { ...declared, databases: more.databases };
  const stores = Object.fromEntries(names.map((name) => [name, markedStore(name)]));
  const ports = { ...portsOf(stores), environment: world };
  const runOf = (plan: Plan): StepRun => ({
    ports,
    plan,
    signal: never,
    journaled: () => null,
    leaseHolder: async () => null,
    note: async () => undefined,
    assertHeld: async () => undefined,
    progress: () => undefined,
    ...more,
  });
  return {
    environment: world,
    stores,
    run: async (step, plan = [step]) => {
      const run = runOf(sealed(plan));
      try {
        const standing = await prune.probe(step, run);
        if (standing.state === "blocked") return `${standing.problem.code} ${standing.problem.detail}`;
        if (standing.state === "ready") await prune.execute(step, run);
        return standing.state === "waiting" ? "waiting" : "done";
      } catch (error) {
        const [problem] = problemsOf(error);
        return `${problem?.code} ${problem?.detail}`;
      }
    },
  };
}

export function nameOf(stamp: string): string {
  return backupName("production", DB, stamp);
}

export function folderAt(stamp: string): string {
  return backupFolder(DB, stamp);
}

/** Puts a complete scheduled backup there, the same bytes in every store. */
export function putBackup(store: MemoryStore | undefined, stamp: string): void {
  const name = nameOf(stamp);
  const sealing = { compression: { zstd: 1 }, encryption: "age" } as const;
  const roles: readonly ObjectRole[] = ["archive", "globals", "detail", "restore-guide"];
  const objects = roles.map((role): ManifestObject => {
    const body = `${role} of ${name}`;
    const sum = { sha256: "0".repeat(64), plaintextBytes: 1, plaintextSha256: "0".repeat(64) };
    store?.put(`${folderAt(stamp)}${objectKey(name, role, sealing)}`, body, NOW);
    return { role, key: objectKey(name, role, sealing), bytes: body.length, ...sum };
  });
  store?.put(`${folderAt(stamp)}${originKey("scheduled")}`, "", NOW);
  store?.put(`${folderAt(stamp)}${MANIFEST}`, manifestText(name, stamp, objects), NOW);
}

/** The step that deletes a backup of `putBackup`. */
export function pruneStep(
  world: PruneWorld,
  at: { readonly store: string; readonly stamp: string; readonly survivors?: readonly string[] },
): PruneStep {
  const target = {
    type: "backup",
    name: nameOf(at.stamp),
    expect: {
      etag: etagIn(world.stores[at.store], `${folderAt(at.stamp)}${MANIFEST}`),
      survivors: (at.survivors ?? []).map(nameOf),
      atLeast: 1,
    },
  } as const;
  return stepOf(at.store, target);
}

/** A prune step for any target. */
export function stepOf(store: string, target: PruneTarget): PruneStep {
  const name = target.type === "upload" ? target.id : target.name;
  return { ...stepBase(`${DB}.prune.${store}.${name}`), effect: "destroy", kind: "prune", store, target };
}

/** Drops every object below a prefix. */
export function dropAll(store: MemoryStore | undefined, prefix: string): void {
  for (const key of store?.keys() ?? []) if (key.startsWith(prefix)) store?.drop(key);
}

/** Keys of one backup's folder, relative to it. */
export function keysAt(store: MemoryStore | undefined, stamp: string): readonly string[] {
  const folder = folderAt(stamp);
  return (store?.keys() ?? []).filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
}

function markedStore(name: string): MemoryStore {
  const store = memoryStore({ now: () => NOW });
  const mark = { storeId: `id-${name}`, environment: "production", createdAt: NOW };
  store.put(STORE_MARK, JSON.stringify(mark), NOW);
  return store;
}

function etagIn(store: MemoryStore | undefined, key: string): string {
  const text = store?.text(key);
  if (text === undefined || text === null) throw new Error(`${key} is not there`);
  return sha256(text);
}

function manifestText(name: string, stamp: string, objects: readonly ManifestObject[]): string {
  const manifest: Manifest = {
    formatVersion: 1,
    environment: "production",
    database: DB,
    name,
    snapshotAt: parseStamp(stamp) ?? "",
    origin: "scheduled",
    label: null,
    objects,
    format: "archive",
    compression: { zstd: 1 },
    encryption: "age",
    recipients: [],
    server: { version: "15.18" },
    tools: { dbops: "0.1.0", pgDump: "pg_dump (PostgreSQL) 15.18" },
    schemaRevision: null,
    imageDigest: null,
    gitCommit: null,
    plan: "0".repeat(64),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
