import type { AuditEvent, Facts } from "../model/audit-entry.ts";
import type { Plan } from "../model/plan.ts";
import type { Applied, AppliedStep } from "../model/report.ts";
import type { Step } from "../model/step.ts";
import type { RunEvent } from "../ports/view.ts";
import { problemsOf } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { Handlers, Ports, ProbeRun } from "../steps/handler.ts";
import { failedByItself } from "./interrupted.ts";
import { runUnit } from "./run-unit.ts";
import { type Records, type Session, Sessions } from "./sessions.ts";
import { type Unit, unitsOf } from "./units.ts";

export interface RunOptions {
  readonly ports: Ports;
  readonly records: Records;
  readonly handlers: Handlers;
  /** How many units run side by side. */
  readonly parallelism: number;
  /** `refuse`: throws LOCKED before anything is begun; `skip`: units of a locked scope fail, the others go on. */
  readonly whenLocked: "refuse" | "skip";
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/**
 * Carries out a plan: units side by side where nothing orders them; a failure skips what needs it and lets the rest go on.
 * Throws only when nothing was begun (a lock is held by another run).
 */
export async function runPlan(
  plan: Plan,
  options: RunOptions,
): Promise<Omit<Applied, "left" | "unseen" | "elapsedMs">> {
  const run = new PlanRun(plan, options);
  return run.toEnd();
}

/** Scopes whose lock and journal are asked for at the same time: hundreds of databases are not hundreds of calls. */
const OPENED_AT_ONCE = 16;

type Outcome = "done" | "failed" | "skipped";

class PlanRun {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #units: readonly Unit[];
  readonly #sessions: Sessions;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #ended = new Map<string, AppliedStep>();
  /** By unit: the step of a pipeline at which it failed. */
  readonly #failedAt = new Map<string, Step>();

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#units = unitsOf(plan, options.handlers);
    this.#sessions = new Sessions(options.records, plan, {
      signal: options.signal,
      onWait: (text) => options.onEvent({ event: "notice", text }),
    });
  }

  async toEnd(): Promise<Omit<Applied, "left" | "unseen" | "elapsedMs">> {
    if (this.#options.whenLocked === "refuse") await this.#openFirstScopes();
    await this.#runUnits();
    await Promise.all(this.#sessions.scopes().map((scope) => this.#closeScope(scope)));
    const steps = this.#plan.steps.flatMap((step) => this.#ended.get(step.id) ?? []);
    return {
      plan: this.#plan,
      outcome: this.#outcome(),
      resumed: this.#sessions.history.attempts > 1,
      steps,
    };
  }

  async #runUnits(): Promise<void> {
    for (;;) {
      while (this.#startWhatCan()); // a skip may let others be skipped, or start
      if (this.#running.size === 0) return; // and a race of nothing would never end
      await Promise.race(this.#running.values());
    }
  }

  /**
   * The scopes of all that could run at once, and every lease: here one that another run holds still refuses the whole plan. A lock that is
   * needed later may be free by then; a lease that is held means that somebody is at the same work.
   */
  async #openFirstScopes(): Promise<void> {
    const isFirst = ({ needs, after }: Unit) => needs.size === 0 && after.size === 0;
    const first = this.#units.filter((unit) => isFirst(unit) || unit.guard !== "lock");
    for (let at = 0; at < first.length; at += OPENED_AT_ONCE) {
      const units = first.slice(at, at + OPENED_AT_ONCE);
      const opened = await Promise.allSettled(units.map((unit) => this.#sessions.open(unit)));
      const refused = opened.find((one) => one.status === "rejected");
      if (refused === undefined) continue;
      await Promise.all(this.#sessions.scopes().map((scope) => this.#sessions.close(scope, [])));
      throw refused.reason;
    }
  }

  /** Starts or skips every unit whose turn has come; true when it changed something without waiting. */
  #startWhatCan(): boolean {
    let skipped = false;
    for (const unit of this.#units) {
      if (this.#outcomes.has(unit.id) || this.#running.has(unit.id)) continue;
      if (this.#options.signal.aborted) {
        this.#skip(unit, null);
        skipped = true;
        continue;
      }
      if (!this.#isDue(unit)) continue;
      const failed = [...unit.needs].find((id) => this.#outcomes.get(id) !== "done");
      if (failed !== undefined) {
        this.#skip(unit, failed);
        skipped = true;
      } else if (this.#running.size < this.#options.parallelism && !this.#isTaken(unit)) {
        this.#running.set(unit.id, this.#run(unit));
      }
    }
    return skipped;
  }

  /** Under a lock one unit works at a time: what it found out before its effect must not be changed by another. */
  #isTaken(unit: Unit): boolean {
    if (unit.guard !== "lock") return false;
    return this.#units.some((one) => one.scope === unit.scope && this.#running.has(one.id));
  }

  #skip(unit: Unit, because: string | null): void {
    this.#outcomes.set(unit.id, "skipped");
    const why = because === null ? "the run was interrupted" : `it needs ${because}, which did not succeed`;
    for (const step of unit.steps) {
      const problems = [problem("STEP_FAILED", `${step.id} was not begun: ${why}`, { severity: "warning" })];
      this.#end({ step, outcome: "skipped", facts: null, problems });
    }
  }

  async #run(unit: Unit): Promise<void> {
    try {
      await this.#runOrRecall(unit);
      this.#outcomes.set(unit.id, "done");
    } catch (error) {
      await this.#recordFailure(unit, error); // before the outcome: with the last outcome of a scope its lock is released
      this.#outcomes.set(unit.id, "failed");
    } finally {
      await this.#closeIfLast(unit.scope);
      this.#running.delete(unit.id); // last: a run ends when nothing is running, and then every lock must be free
    }
  }

  async #runOrRecall(unit: Unit): Promise<void> {
    const session = await this.#sessions.open(unit);
    const { history } = this.#sessions;
    if (unit.steps.every((step) => history.hasEnded(step.id))) {
      for (const step of unit.steps) this.#endWell(step, "earlier", history.facts(step.id));
      return;
    }
    for (const step of unit.steps) this.#options.onEvent({ event: "begin", step });
    const facts = await runUnit(unit, {
      handlers: this.#options.handlers,
      session,
      probe: this.#probeRun(unit, session),
      failedAt: (step) => this.#failedAt.set(unit.id, step),
      progress: (step, doneBytes, totalBytes) =>
        this.#options.onEvent({
          event: "progress",
          step,
          doneBytes,
          ...(totalBytes === undefined ? {} : { totalBytes }),
        }),
    });
    for (const step of unit.steps) this.#endWell(step, "done", facts.get(step.id) ?? null);
  }

  #probeRun(unit: Unit, session: Session): ProbeRun {
    const { ports, signal } = this.#options;
    return {
      ports,
      plan: this.#plan,
      // A lost lock stops what works under it; a lost lease stops no stream.
      signal: unit.guard === "lock" ? AbortSignal.any([signal, session.lock.lost]) : signal,
      journaled: (step) => this.#sessions.history.facts(step),
      leaseHolder: (database, lease) => this.#sessions.leaseHolder(database, lease),
    };
  }

  #endWell(step: Step, outcome: "done" | "earlier", facts: Facts | null): void {
    const evidence = this.#sessions.history.evidence(step.id);
    this.#end({ step, outcome, facts, evidence, problems: [] });
  }

  async #recordFailure(unit: Unit, error: unknown): Promise<void> {
    const { signal } = this.#options;
    const isOwn = !signal.aborted || failedByItself(error, signal.reason);
    const problems = isOwn ? problemsOf(error) : [this.#interrupted()];
    const at = this.#failedAt.get(unit.id) ?? unit.steps.at(-1) ?? unit.steps[0];
    for (const step of unit.steps)
      this.#end({
        step,
        outcome: "failed",
        facts: null,
        problems: step === at ? problems : [],
        ...(step === at ? {} : { stoppedWith: at.id }),
      });
    const event: AuditEvent = { event: "failed", step: at.id, problems };
    const session = await this.#sessions.open(unit).catch(() => null);
    // Where even the journal cannot be written, the failure itself is still reported.
    await session?.append([event]).catch((reason: unknown) => {
      const more = problemsOf(reason).filter((one) => !problems.some((known) => known.detail === one.detail));
      if (more.length > 0)
        this.#end({ step: at, outcome: "failed", facts: null, problems: [...problems, ...more] });
    });
  }

  #interrupted(): Problem {
    return problem("INTERRUPTED", "it stopped at a safe point", { fix: `dbops apply ${this.#plan.plan}` });
  }

  #end(ended: AppliedStep): void {
    this.#ended.set(ended.step.id, ended);
    this.#options.onEvent({ event: "end", ended });
  }

  async #closeIfLast(scope: string): Promise<void> {
    const left = this.#units.filter((unit) => unit.scope === scope && !this.#outcomes.has(unit.id));
    if (left.length === 0) return this.#closeScope(scope);
    // Hours may pass until the swap of what was pinned: meanwhile the lock is for others.
    if (left.every((unit) => unit.guard === "lock" && !this.#isDue(unit)))
      await this.#sessions.close(scope, []).catch((error: unknown) => this.#journalFailed(scope, error));
  }

  #isDue(unit: Unit): boolean {
    return [...unit.needs, ...unit.after].every((id) => this.#outcomes.has(id));
  }

  async #closeScope(scope: string): Promise<void> {
    const outcomes = this.#units
      .filter((unit) => unit.scope === scope)
      .map((unit) => this.#outcomes.get(unit.id));
    const interrupted = this.#options.signal.aborted && outcomes.some((outcome) => outcome !== "done");
    const last: AuditEvent[] = interrupted ? [{ event: "interrupted" }] : [];
    if (outcomes.every((outcome) => outcome === "done")) last.push({ event: "applied" });
    await this.#sessions.close(scope, last).catch((error: unknown) => this.#journalFailed(scope, error));
  }

  /** Work whose record could not be written is not done: the next attempt finds out where it stands. */
  #journalFailed(scope: string, error: unknown): void {
    for (const unit of this.#units.filter((one) => one.scope === scope)) {
      const last = unit.steps.at(-1) ?? unit.steps[0];
      if (this.#outcomes.get(unit.id) !== "done") continue;
      this.#outcomes.set(unit.id, "failed");
      this.#end({ step: last, outcome: "failed", facts: null, problems: problemsOf(error) });
    }
  }

  #outcome(): Applied["outcome"] {
    const outcomes = this.#units.map((unit) => this.#outcomes.get(unit.id));
    if (outcomes.length === 0) return "nothing to do";
    if (outcomes.every((outcome) => outcome === "done")) return "applied";
    return this.#options.signal.aborted ? "interrupted" : "failed";
  }
}
