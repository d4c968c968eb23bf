import type { RestoreObservation } from "../../model/archive-contents.ts";
import type { Database, Environment } from "../../model/environment.ts";
import type { Instant } from "../../model/instant.ts";
import type { Observation } from "../../model/observation.ts";
import type { RestoreRequest } from "../../model/plan.ts";
import type { TargetFacts } from "../../model/restore-target.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import type { Chosen } from "./choose-backup.ts";
import type { InPlaceCase } from "./in-place-case.ts";
import type { KnownContents } from "./known-contents.ts";
import type { Candidate } from "./listed-backup.ts";

/** A restore with everything that it is decided on; what could not be looked at never gets this far. */
export interface RestoreCase {
  /** Where it is restored to. */
  readonly environment: Environment;
  readonly database: Database;
  readonly request: RestoreRequest;
  readonly observation: Observation;
  readonly restore: RestoreObservation;
  readonly chosen: Chosen;
  /** The one of `chosen` that was looked into. */
  readonly candidate: Candidate;
  readonly contents: KnownContents;
  readonly target: TargetFacts;
  /** What stands in the live database, and what becomes of it; null: it is not restored in place. */
  readonly inPlace: InPlaceCase | null;
  readonly now: Instant;
}

/** Something that stands against the restore: with one of these the plan has no steps. */
export function blocked(detail: string, fix?: string, code: Problem["code"] = "RESTORE_BLOCKED"): Problem {
  return problem(code, detail, { fix });
}

/** Something that people have to know before they apply the plan. */
export function noted(detail: string, fix?: string, code: Problem["code"] = "RESTORE_NOTICE"): Problem {
  return problem(code, detail, { fix, severity: "warning" });
}

/** The major version of what a server or a tool prints, `15` of `15.18 (Debian …)`. */
export function majorOf(version: string): number {
  return Number(/\d+/.exec(version)?.[0] ?? "0");
}
