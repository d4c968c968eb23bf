import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { buildWhenStale } from "../scripts/built.ts";
import { prepareContenders } from "./contenders.ts";
import { goalsOf, renderFigures } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { measureSmall } from "./many-backups.ts";
import { runRounds } from "./rounds.ts";
import { startS3Target } from "./s3-target.ts";
import { startTradingDatabase } from "./trading-database.ts";

// npm run bench -- [--rounds 3] [--signals 4500000] [--disk]
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    /** 4.5 million make 1.2 GB of dump. */
    signals: { type: "string", default: "4500000" },
    /** The database on disk too; else in memory where there is /dev/shm. Stores are always on disk. */
    disk: { type: "boolean", default: false },
    backups: { type: "string", default: "10000" },
  },
});

process.exitCode = (await buildWhenStale(join(import.meta.dirname, ".."))) ? await bench() : 1;

async function bench(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "dbops-bench-"));
  say("generating the database");
  const database = await startTradingDatabase({ signals: Number(values.signals), inMemory: !values.disk });
  const s3 = await startS3Target().catch(async (error: unknown) => {
    await database.cluster.stop();
    throw error;
  });
  try {
    const recipient = await identityToRecipient(await generateIdentity());
    const given = { folder, database, s3, recipient };
    const contenders = await prepareContenders(given);
    const results = await runRounds(contenders, { rounds: Number(values.rounds), s3 }, say);
    const small = await measureSmall(given, Number(values.backups));
    const place = values.disk ? "on disk" : "in memory";
    const data = `a generated database of ${(database.dumpBytes / 1e9).toFixed(2)} GB of dump, ${place}; stores on disk; ${values.rounds} interleaved rounds`;
    const figures = { machine: describeMachine(database.cluster.binFolder), data, results, small };
    process.stdout.write(`${renderFigures(figures)}\n`);
    const goals = goalsOf(figures);
    for (const one of goals) say(`${one.isMet ? "met" : "MISSED"}: ${one.says}: ${one.value}`);
    return goals.every((one) => one.isMet) ? 0 : 1;
  } finally {
    await s3.server.stop();
    await database.cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
