import type { Plan } from "../model/plan.ts";
import type { AppliedStep, Report } from "../model/report.ts";
import type { Step } from "../model/step.ts";
import type { Problem } from "../problems/problem.ts";

/** The only way out of dbops to a person or a program. Results go to stdout, everything else to stderr. */
export interface View {
  /** The result of the command; once per command. */
  report(report: Report): void;
  problems(problems: readonly Problem[]): void;
  /** Opens live progress for a run of a plan; nothing else is printed until it is closed. */
  progress(plan: Plan): ProgressView;
  /** Asks a person; null where nobody can answer (no terminal, CI, --json). */
  ask(question: string, signal: AbortSignal): Promise<string | null>;
}

export interface ProgressView {
  event(event: RunEvent): void;
  /** Leaves the terminal as it was found; resolves when all is drawn. */
  close(): Promise<void>;
}

export type RunEvent =
  | { readonly event: "begin"; readonly step: Step }
  /** `totalBytes` is an estimate where the length is not known before the end. */
  | {
      readonly event: "progress";
      readonly step: Step;
      readonly doneBytes: number;
      readonly totalBytes?: number;
    }
  | { readonly event: "end"; readonly ended: AppliedStep }
  /** Something to know while it runs: waiting for a lock, a retry, an interrupt that waits for the safe point. */
  | { readonly event: "notice"; readonly text: string };
