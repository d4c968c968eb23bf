import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, startCluster } from "../test/support/postgres-cluster.ts";
import { timedRun } from "./timed-run.ts";

export interface TradingDatabase {
  readonly cluster: Cluster;
  readonly name: string;
  /** The environment for PostgreSQL's programs, as the role that may read everything. */
  readonly env: NodeJS.ProcessEnv;
  /** What pg_dump writes of it, uncompressed. */
  readonly dumpBytes: number;
}

export const ROLE = "backup";
const NAME = "trading_signals";
const SIGNALS_PER_USER = 80;

/** A server of its own with users, signals, approvals and journeys; about 270 bytes of dump for each signal. */
export async function startTradingDatabase(given: {
  readonly signals: number;
  readonly inMemory: boolean;
}): Promise<TradingDatabase> {
  const cluster = await startCluster({ inMemory: given.inMemory });
  try {
    const sql = await readFile(join(import.meta.dirname, "..", "scripts", "trading-data.sql"), "utf8");
    const users = Math.ceil(given.signals / SIGNALS_PER_USER);
    await cluster.createDatabase(NAME);
    await cluster.createRole(ROLE, "IN ROLE pg_read_all_data");
    await cluster.psql(NAME, `\\set users ${users}\n\\set signals ${given.signals}\n${sql}`);
    await cluster.psql(NAME, "VACUUM;");
    const env = {
      ...process.env,
      PGHOST: cluster.host,
      PGPORT: String(cluster.port),
      PGUSER: ROLE,
      PGPASSWORD: cluster.password,
      PGDATABASE: NAME,
    };
    return { cluster, name: NAME, env, dumpBytes: await dumpBytes(env) };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function dumpBytes(env: NodeJS.ProcessEnv): Promise<number> {
  const { output } = await timedRun({ argv: ["sh", "-c", "pg_dump -Fc -Z0 | wc -c"], env });
  return Number(output);
}
