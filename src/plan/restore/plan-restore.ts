import type { RestoreObservation } from "../../model/archive-contents.ts";
import type { Environment } from "../../model/environment.ts";
import type { Instant } from "../../model/instant.ts";
import type { DatabaseIdentity, Observation } from "../../model/observation.ts";
import type { RestoreRequest } from "../../model/plan.ts";
import type { Planned } from "../../model/planned.ts";
import type { Step } from "../../model/step.ts";
import { fail } from "../../problems/dbops-error.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import { countOf } from "../naming.ts";
import { sealPlan } from "../seal-plan.ts";
import type { Chosen } from "./choose-backup.ts";
import { contentOf } from "./content.ts";
import { inPlaceCase } from "./in-place-case.ts";
import { inPlaceSteps } from "./in-place-steps.ts";
import { judgeContent } from "./judge-content.ts";
import { judgeInPlace } from "./judge-in-place.ts";
import { judgeLive } from "./judge-live.ts";
import { judgeMade } from "./judge-made.ts";
import { judgePlainDump } from "./judge-plain-dump.ts";
import { judgeRecords } from "./judge-records.ts";
import { judgeRoles } from "./judge-roles.ts";
import { judgeSource } from "./judge-source.ts";
import { judgeTarget } from "./judge-target.ts";
import { knownContents } from "./known-contents.ts";
import { judgeProperties } from "./properties.ts";
import type { RestoreCase } from "./restore-case.ts";
import { namesFor, restoreSteps } from "./restore-steps.ts";
import { safetyBackup } from "./safety-backup.ts";

/** How long the plan of a restore can be applied unless said otherwise: what it replaces moves on. */
export const RESTORE_EXPIRES_MS = 4 * 3_600_000;

export interface RestoreWorld {
  /** Of the environment that is restored to. */
  readonly observation: Observation;
  /** What was found inside the backup and on the server. */
  readonly restore: RestoreObservation;
  /** How the backup was chosen; `restore` is about one of its candidates. */
  readonly chosen: Chosen;
  /** The environment whose backup it is, where that is another one. */
  readonly from?: Environment | null;
  readonly now: Instant;
  /** null: 4 h. */
  readonly expiresMs?: number | null;
}

/**
 * Decides how a backup is restored, or what stands against it: pure, the same inputs give the same plan. With a problem of
 * severity error the plan has no steps. What hangs on the replaced database, and what does not come back, is in the notices.
 */
export function planRestore(environment: Environment, request: RestoreRequest, world: RestoreWorld): Planned {
  const { restore, chosen } = world;
  const at = caseOf(environment, request, world);
  const decided = "problems" in at ? { steps: [], findings: at.problems } : decide(at);
  const findings = unique([
    ...judgeRecords(environment, request, world.observation),
    ...decided.findings,
    ...chosen.notices,
  ]);
  const problems = findings.filter((one) => one.severity === "error");
  const steps = problems.length > 0 ? [] : decided.steps;
  return {
    plan: sealPlan(environment, world.observation, {
      operation: "restore",
      steps,
      now: world.now,
      expiresMs: world.expiresMs ?? RESTORE_EXPIRES_MS,
      databases: steps.length === 0 ? {} : identityOf(restore),
      from: steps.length === 0 ? null : (world.from ?? null),
    }),
    leftOut: 0,
    problems,
    notices: findings.filter((one) => one.severity === "warning"),
    decisions: [],
  };
}

function caseOf(
  environment: Environment,
  request: RestoreRequest,
  { observation, restore, chosen, from = null, now }: RestoreWorld,
): RestoreCase | { readonly problems: readonly Problem[] } {
  const { contents, target } = restore;
  const database =
    environment.databases.find((one) => one.name === restore.database) ??
    fail("USAGE", `${environment.file} has no database "${restore.database}"`);
  const candidate =
    chosen.candidates.find((one) => one.backup.name === restore.backup) ??
    fail("INTERNAL", `${restore.backup} is none of the backups that were chosen`);
  const problems = [
    ...("problem" in contents ? [contents.problem] : []),
    ...(target.state === "reachable" ? [] : [target.problem]),
  ];
  if ((contents.state !== "read" && contents.state !== "plain") || target.state !== "reachable")
    return { problems };
  const known = knownContents(contents, candidate, { name: environment.name, from });
  const at = { environment, database, request, observation, restore, chosen, candidate, target, now };
  const { inside } = restore;
  if (inside?.state === "unreadable") return { problems: [inside.problem] };
  const { entries, roles: archived } = known;
  const roles = [...target.roles, ...archived];
  const { platform } = database.restore;
  const inPlace = inside === undefined ? null : inPlaceCase({ inside, entries, roles, target, platform });
  return { ...at, contents: known, inPlace };
}

function decide(at: RestoreCase): { readonly steps: readonly Step[]; readonly findings: readonly Problem[] } {
  const content = contentOf(at);
  const safety = safetyBackup(at);
  const findings = [
    ...judgeSource(at),
    ...judgeTarget(at),
    ...judgeLive(at),
    ...judgeInPlace(at, content),
    ...(at.contents.form === "plain dump"
      ? judgePlainDump(at)
      : [...judgeRoles(at, content), ...judgeContent(at, content)]),
    ...judgeProperties(at),
    ...safety.notices,
    ...judgeMade(at),
    ...takenNames(at),
    ...unreadScripts(at),
  ];
  const stepsOf = at.request.inPlace ? inPlaceSteps : restoreSteps;
  return { findings, steps: stepsOf(at, content, safety.steps) };
}

/** Two plans of one moment have one name; the second is not to touch what the first made. */
function takenNames(at: RestoreCase): readonly Problem[] {
  const names = namesFor(at);
  return at.target.made
    .filter((one) => one.name === names.side || one.name === names.old)
    .map((one) =>
      problem("DATABASE_EXISTS", `${at.target.endpoint} has ${one.name}, which this plan would make`, {
        fix: "plan again",
      }),
    );
}

/** A restore runs every script that the file declares, or does not happen. */
function unreadScripts({ environment, database, restore }: RestoreCase): readonly Problem[] {
  const declared = database.restore.sanitize.length;
  const read = restore.sanitize.length;
  if (declared === read) return [];
  const detail = `${environment.file} declares ${countOf(declared, "script")} for ${database.name}, and ${read} could be read`;
  return [problem("RESTORE_BLOCKED", detail, { fix: "plan again" })];
}

/** What apply compares the server with; oid 0 stands for a name that nothing has. */
function identityOf({
  database,
  live,
  target,
}: RestoreObservation): Readonly<Record<string, DatabaseIdentity>> {
  if (target.state !== "reachable") return {};
  const { endpoint, systemIdentifier } = target;
  return { [database]: { endpoint, database: live, systemIdentifier, oid: target.live?.oid ?? 0 } };
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((one) => [`${one.code}\n${one.detail}`, one])).values()];
}
