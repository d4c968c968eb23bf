import { execFileSync } from "node:child_process";
import type { Contender } from "./contenders.ts";
import { load } from "./machine.ts";
import type { S3Target } from "./s3-target.ts";
import { median, type TimedRun } from "./timed-run.ts";

/** What all runs of one contender come to. */
export interface Result {
  readonly name: string;
  readonly group: Contender["group"];
  readonly isDbops: boolean;
  /** Of every round, in order. */
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  /** Of the worst round; MiB. */
  readonly peakMiB: number;
  /** Median of what the S3 server used meanwhile; 0 where it had no part. */
  readonly serverSeconds: number;
}

/** Runs every contender once in each round, so that a slow minute of the machine meets all of them. */
export async function runRounds(
  contenders: readonly Contender[],
  given: { readonly rounds: number; readonly s3: S3Target },
  say: (line: string) => void,
): Promise<readonly Result[]> {
  const runs = new Map<Contender, (TimedRun & { serverSeconds: number })[]>(
    contenders.map((one) => [one, []]),
  );
  for (let round = 1; round <= given.rounds; round += 1) {
    for (const contender of contenders) {
      execFileSync("sync"); // what the one before left to be written is not this one's work
      const before = given.s3.processorSeconds();
      const run = await contender.run();
      const serverSeconds = given.s3.processorSeconds() - before;
      runs.get(contender)?.push({ ...run, serverSeconds });
      say(
        `round ${round}: ${run.seconds.toFixed(1)} s  ${contender.group}  ${contender.name}  (load ${load().toFixed(1)})`,
      );
    }
  }
  return contenders.map((one) => resultOf(one, runs.get(one) ?? []));
}

function resultOf(contender: Contender, runs: readonly (TimedRun & { serverSeconds: number })[]): Result {
  const seconds = runs.map((run) => run.seconds);
  return {
    name: contender.name,
    group: contender.group,
    isDbops: contender.isDbops,
    seconds,
    medianSeconds: median(seconds),
    peakMiB: Math.max(...runs.map((run) => run.peakMiB)),
    serverSeconds: contender.group === "s3" ? median(runs.map((run) => run.serverSeconds)) : 0,
  };
}
