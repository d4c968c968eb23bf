import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWhenStale } from "./built.ts";
import { setUp } from "./setup.ts";
import { isGreen, type TestReport, tallyLine, tallyOf } from "./test-report.ts";

const ROOT = join(import.meta.dirname, "..");

process.exitCode = (await prepare()) ? await runTests(process.argv.slice(2)) : 1;

async function prepare(): Promise<boolean> {
  return (await setUp("test")) && (await buildWhenStale(ROOT));
}

/** Runs vitest on everything or on what the arguments choose; the last line on stdout is the tally. */
async function runTests(args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "dbops-report-"));
  try {
    const file = join(folder, "report.json");
    const code = await vitest([
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
      ...args,
    ]);
    const tally = tallyOf(readReport(file));
    process.stdout.write(`${tallyLine(tally)}\n`);
    return code === 0 && isGreen(tally) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ctrl-C reaches vitest by itself: this process only waits for it to clean up. */
async function vitest(args: readonly string[]): Promise<number> {
  process.on("SIGINT", () => {});
  const program = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, stdio: "inherit" });
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

/** A run that was cut off leaves no report: nothing passed. */
function readReport(file: string): TestReport {
  try {
    // written by vitest itself a moment ago, in the form that test-report.test.ts checks
    return JSON.parse(readFileSync(file, "utf8")) as TestReport;
  } catch {
    return { testResults: [] };
  }
}
