import type { Facts } from "../../model/audit-entry.ts";
import type { VerifyHttpStep } from "../../model/restore-steps.ts";
import { DbopsError } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import type { Variant } from "./variant.ts";

const TRIES = 6;

/** Asks every URL until it answers with 2xx, a few times at most. */
export const verifyHttp: Variant<VerifyHttpStep> = {
  async probe(step: VerifyHttpStep, run: ProbeRun): Promise<Standing> {
    const missing = step.needs.find((id) => run.journaled(id) === null);
    return missing === undefined ? { state: "ready" } : { state: "waiting", for: missing };
  },

  async execute(step: VerifyHttpStep, run: StepRun): Promise<Facts> {
    const answers = await Promise.all(step.urls.map((url) => askPatiently(url, run)));
    const problems = answers.flatMap(({ url, last }) =>
      typeof last === "number" ? [] : [about(url, last, run)],
    );
    if (problems.length > 0) throw new DbopsError(problems);
    return { answers: answers.map(({ url, last }) => ({ url, status: last })) };
  },
};

interface Answer {
  readonly url: string;
  /** The status where it was a good one; else what was wrong the last time. */
  readonly last: number | { readonly status: number } | { readonly problem: Problem };
}

async function askPatiently(url: string, run: StepRun): Promise<Answer> {
  for (let tried = 1; ; tried += 1) {
    const last = await ask(url, run);
    if (typeof last === "number" || tried === TRIES) return { url, last };
    await run.ports.clock.sleep(run.ports.http.pauseMs, run.signal);
  }
}

async function ask(url: string, run: StepRun): Promise<Answer["last"]> {
  try {
    const status = await run.ports.http.status(url, run.signal);
    return status >= 200 && status < 300 ? status : { status };
  } catch (error) {
    run.signal.throwIfAborted();
    const [first] = error instanceof DbopsError ? error.problems : [];
    if (first === undefined) throw error;
    return { problem: first };
  }
}

function about(url: string, last: Exclude<Answer["last"], number>, run: StepRun): Problem {
  const fix = `look at the application; the databases are swapped. When it answers:\ndbops apply ${run.plan.plan}`;
  if ("problem" in last) return { ...last.problem, fix };
  const detail = `${url} answered ${last.status} to the last of ${TRIES} requests`;
  return problem("CHECK_FAILED", detail, { fix });
}
