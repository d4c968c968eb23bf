import type { Readable, Writable } from "node:stream";
import type { Plan } from "../model/plan.ts";
import type { Report } from "../model/report.ts";
import type { ProgressView, View } from "../ports/view.ts";
import type { Problem } from "../problems/problem.ts";
import { askOn } from "./ask.ts";
import { problemJson, reportJson } from "./json-text.ts";
import type { Output } from "./output.ts";
import { paintWith } from "./paint.ts";
import { planMarkdown, plannedMarkdown } from "./plan-markdown.ts";
import { verdictLines } from "./planned-text.ts";
import { problemKey, problemLines } from "./problem-text.ts";
import { JsonProgress } from "./progress-json.ts";
import { type Heartbeat, LineProgress, SilentProgress } from "./progress-lines.ts";
import { LiveProgress } from "./progress-live.ts";
import { isAnswer, reportText } from "./report-text.ts";
import { RunState } from "./run-state.ts";

export interface ViewOptions extends Output {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Milliseconds since the epoch; by default this host's clock. */
  readonly now?: () => number;
  readonly heartbeat?: Heartbeat;
}

const HEARTBEAT: Heartbeat = { firstMs: 10_000, everyMs: 30_000 };

/**
 * The view for people, pull requests (`markdown`) and programs (`json`), as `decideOutput` decided.
 * A result goes to stdout, problems and progress to stderr; a problem is told once, whether it comes in a report or alone.
 * With `json` a report is one document on stdout, a problem outside of it one line `{ formatVersion, problem }` on stderr.
 */
export function openView(options: ViewOptions): View {
  return new StreamView(options);
}

class StreamView implements View {
  readonly #options: ViewOptions;
  readonly #now: () => number;
  readonly #told = new Set<string>();
  #run: RunState | null = null;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  report(report: Report): void {
    const { stdout, json, quiet, verbose, colour, markdown } = this.#options;
    const text = reportText(report, {
      paint: paintWith(colour.stdout),
      verbose,
      nowMs: this.#now(),
      elapsedMs: (step) => this.#run?.elapsedMs(step) ?? null,
    });
    if (json) {
      stdout.write(reportJson(report));
      for (const one of text.problems) this.#told.add(problemKey(one)); // they are in the document
      return;
    }
    if (markdown && (report.kind === "shown" || report.kind === "planned")) {
      stdout.write(
        report.kind === "shown"
          ? planMarkdown(report.plan)
          : plannedMarkdown(report.planned, verdictLines(report)),
      );
      return;
    }
    const silent = quiet && !isAnswer(report);
    if (!silent) writeLines(stdout, text.body);
    this.problems(text.problems);
    if (!silent) writeLines(stdout, text.end);
  }

  problems(problems: readonly Problem[]): void {
    const news = problems.filter((one) => !this.#told.has(problemKey(one)));
    for (const one of news) this.#told.add(problemKey(one));
    const { stderr, json, verbose, colour } = this.#options;
    if (json) for (const one of news) stderr.write(problemJson(one));
    else writeLines(stderr, problemLines(news, paintWith(colour.stderr), verbose));
  }

  progress(plan: Plan): ProgressView {
    const { stderr, json, quiet, live, colour } = this.#options;
    const run = new RunState(plan);
    this.#run = run;
    const watch = { run, now: this.#now };
    if (quiet) return new SilentProgress(watch);
    if (json) return new JsonProgress(stderr, watch);
    if (live && hasSize(stderr)) return new LiveProgress(stderr, watch, colour.stderr);
    return new LineProgress(stderr, watch, this.#options.heartbeat ?? HEARTBEAT);
  }

  async ask(question: string, signal: AbortSignal): Promise<string | null> {
    return this.#options.interactive ? askOn(this.#options, question, signal) : null;
  }
}

function writeLines(out: Writable, lines: readonly string[]): void {
  if (lines.length > 0) out.write(`${lines.join("\n")}\n`);
}

/** Some terminals (`docker exec -t`, expect) say that they have no width: there a cursor cannot be moved sensibly. */
function hasSize(stream: Writable): boolean {
  const { columns, rows } = stream as Partial<NodeJS.WriteStream>; // undefined where it is no terminal
  return columns !== undefined && columns > 0 && rows !== undefined && rows > 0;
}
