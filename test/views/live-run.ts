// A run without a database, for the pseudo-terminal test: draws progress of two backups, one of which fails.
// `hang` as the first argument: waits for SIGINT in the middle, as a real run does that stops at its safe point.
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "../../src/model/step.ts";
import { problem } from "../../src/problems/problem.ts";
import { openView } from "../../src/views/open-view.ts";
import { decideOutput } from "../../src/views/output.ts";
import { aPlan, backupSteps } from "./build.ts";

const MIB = 1024 * 1024;
const flags = { json: false, quiet: false, verbose: false, markdown: false, colour: true };
const { stdin, stdout, stderr } = process;
const terminals = { stdin: stdin.isTTY, stdout: stdout.isTTY, stderr: stderr.isTTY };
const view = openView({ ...decideOutput(process.env, flags, terminals), stdin, stdout, stderr });
const plan = aPlan([...backupSteps("first"), ...backupSteps("second"), ...backupSteps("third")]);

const interrupted = Promise.withResolvers<void>();
process.on("SIGINT", () => interrupted.resolve());
const progress = view.progress(plan);
try {
  await run();
} finally {
  await progress.close();
}
view.problems([problem("STEP_FAILED", "told after the progress")]);
stdout.write("the end\n");
process.exit(process.argv[2] === "hang" ? 130 : 0);

async function run(): Promise<void> {
  const [first, second, third] = ["first", "second", "third"].map((name) => backupSteps(name));
  for (const step of [...(first ?? []), ...(second ?? [])]) progress.event({ event: "begin", step });
  progress.event({ event: "notice", text: "waiting for a lock\u001b[2J" });
  for (let done = 1; done <= 6; done += 1) {
    for (const steps of [first, second]) tell(steps?.[0], done * 200);
    tell(first?.[2], done * 50);
    await sleep(100);
  }
  if (process.argv[2] === "hang") {
    await interrupted.promise;
    progress.event({ event: "notice", text: "stopping at the safe point" });
    await sleep(300);
    return;
  }
  for (const step of first ?? []) end(step, "done");
  for (const step of second ?? []) end(step, "failed");
  for (const step of third ?? []) end(step, "skipped");
}

function tell(step: Step | undefined, mib: number): void {
  if (step === undefined) return;
  progress.event({ event: "progress", step, doneBytes: mib * MIB, totalBytes: 1200 * MIB });
}

function end(step: Step, outcome: "done" | "failed" | "skipped"): void {
  progress.event({ event: "end", ended: { step, outcome, facts: null, problems: [] } });
}
