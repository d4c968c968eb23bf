import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backup } from "../src/model/backup.ts";
import { instantOf, msOf, stampOf } from "../src/model/instant.ts";
import { backupName } from "../src/model/layout.ts";
import type { Observation } from "../src/model/observation.ts";
import { type Bench, environmentOf, runDbops } from "./contenders.ts";
import { median } from "./timed-run.ts";

const HOUR_MS = 3_600_000;
const REPEATS = 5;

export interface SmallFigures {
  /** Whole processes, from start to exit; medians. */
  readonly helpSeconds: number;
  readonly planSeconds: number;
  readonly backups: number;
}

/** What does not depend on the database: the start of dbops, and a plan over so many backups, most of them to be pruned. */
export async function measureSmall(bench: Bench, backups: number): Promise<SmallFigures> {
  const environment = environmentOf("file", 1);
  await runDbops(bench, ["observe", environment, "--out", "observed.json"]);
  const file = join(bench.folder, "observed.json");
  const observation = JSON.parse(await readFile(file, "utf8")) as Observation; // dbops wrote it a moment ago
  const many = withBackups(observation, bench.database.name, backups);
  await writeFile(join(bench.folder, "many.json"), JSON.stringify(many));
  const helps: number[] = [];
  const plans: number[] = [];
  for (let n = 1; n <= REPEATS; n += 1) {
    helps.push((await runDbops(bench, ["--help"])).seconds);
    const args = ["--observed", "many.json", "--allow-large-prune", "--out", `many-${n}.yaml`];
    plans.push((await runDbops(bench, ["plan", environment, ...args])).seconds);
  }
  return { helpSeconds: median(helps), planSeconds: median(plans), backups };
}

/** One scheduled backup an hour, back from the time of the observation. */
function withBackups(observation: Observation, database: string, count: number): Observation {
  const newest = Math.floor(msOf(observation.observedAt) / HOUR_MS) * HOUR_MS;
  const backups = Array.from({ length: count }, (_, n) =>
    hourly({
      environment: observation.environment,
      database,
      at: instantOf(newest - (count - 1 - n) * HOUR_MS),
    }),
  );
  const listing = { state: "listed" as const, backups, uploads: [] };
  const stores = Object.entries(observation.stores).map(([name, store]) => [
    name,
    store.state === "readable" ? { ...store, listings: { [database]: listing } } : store,
  ]);
  return { ...observation, stores: Object.fromEntries(stores) };
}

function hourly(given: { environment: string; database: string; at: string }): Backup {
  return {
    name: backupName(given.environment, given.database, stampOf(given.at)),
    database: given.database,
    at: given.at,
    layout: "directory",
    state: "complete",
    origin: "scheduled",
    bytes: 250_000_000,
    etag: `"${stampOf(given.at)}"`,
    modifiedAt: given.at,
    proofs: [],
    holds: [],
  };
}
