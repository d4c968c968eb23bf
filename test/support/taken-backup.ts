import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Manifest } from "../../src/model/manifest.ts";
import type { Applied } from "../../src/model/report.ts";
import type { Problem } from "../../src/problems/problem.ts";
import type { Ran } from "./dbops.ts";
import type { Workplace } from "./workplace.ts";

/** A backup in a file store, as its manifest tells it. */
export interface TakenBackup {
  /** The backup's own folder. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** The path of the object with this role. */
  path(role: Manifest["objects"][number]["role"]): string;
}

/** `plan production backup`, then `apply`; throws what they said when one of them failed. */
export async function takeBackup(workplace: Workplace, store = "primary"): Promise<TakenBackup> {
  const plan = await planBackup(workplace);
  mustSucceed(await workplace.dbops(["apply", plan]));
  return newestBackup(workplace, store);
}

let plans = 0;

/** Plans a backup and resolves with the plan's file; throws what it said when it failed. */
export async function planBackup(workplace: Workplace, more: readonly string[] = []): Promise<string> {
  const file = `backup-${++plans}.yaml`;
  mustSucceed(await workplace.dbops(["plan", "production", "backup", "--out", file, ...more]));
  return file;
}

export function mustSucceed(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`dbops ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
  return ran;
}

/** The newest backup of a store; throws when there is none. */
export async function newestBackup(workplace: Workplace, store = "primary"): Promise<TakenBackup> {
  const key = (await filesOf(workplace, store)).findLast((one) => one.endsWith("/manifest.json"));
  if (key === undefined) throw new Error(`no backup in ${store}`);
  const file = join(workplace.folder, "stores", store, key);
  const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest; // what dbops wrote
  const folder = dirname(file);
  return {
    folder,
    manifest,
    path: (role) => join(folder, manifest.objects.find((object) => object.role === role)?.key ?? ""),
  };
}

/** Every file in a store, temporary ones included, sorted. */
export async function filesOf(workplace: Workplace, store: string): Promise<readonly string[]> {
  const root = join(workplace.folder, "stores", store);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** The files of backups: all but the store's own records. */
export async function backupFilesOf(workplace: Workplace, store = "primary"): Promise<readonly string[]> {
  return (await filesOf(workplace, store)).filter((key) => !key.startsWith("_dbops/"));
}

/** All text below `_dbops/`: the mark, plans, journals, locks. */
export async function recordsText(workplace: Workplace, store = "primary"): Promise<string> {
  const keys = (await filesOf(workplace, store)).filter((key) => key.startsWith("_dbops/"));
  const texts = keys.map((key) => readFile(join(workplace.folder, "stores", store, key), "utf8"));
  return (await Promise.all(texts)).join("\n");
}

/** What a step of `apply --json` failed with. */
export function failureOf(ran: Ran, step: string): Problem | undefined {
  const { applied } = JSON.parse(ran.stdout) as { applied: Applied }; // its own document
  const ended = applied.steps.find((one) => one.step.id === step);
  return ended?.stoppedWith === undefined ? ended?.problems[0] : failureOf(ran, ended.stoppedWith);
}

/** The problems of `plan --json`. */
export function planProblems(ran: Ran): readonly Problem[] {
  const { planned } = JSON.parse(ran.stdout) as { planned: { problems: readonly Problem[] } }; // its own document
  return planned.problems;
}

export function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
