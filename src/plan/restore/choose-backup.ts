import type { Environment } from "../../model/environment.ts";
import { type Instant, msOf } from "../../model/instant.ts";
import type { Observation } from "../../model/observation.ts";
import type { RestoreRequest } from "../../model/plan.ts";
import { isScripts } from "../../policy/retention.ts";
import { type Problem, problem } from "../../problems/problem.ts";
import { type DatabaseView, viewOf } from "../database-view.ts";
import { renderInstant } from "../naming.ts";
import {
  type Candidate,
  candidateOf,
  flawOf,
  hasFailedProof,
  isAmbiguous,
  isSetAside,
  type ListedBackup,
  listedIn,
} from "./listed-backup.ts";
import { type Moment, microsOf, renderMoment } from "./moment.ts";
import { type NamedPoint, pointOf } from "./named-point.ts";
import { noSuchBackup, nothingBefore, notWhole, twoOfOneName } from "./no-such-backup.ts";

export interface Chosen {
  /** Whose backup it is. */
  readonly environment: string;
  readonly database: string;
  /**
   * In the order in which they are tried: the first one that, by its manifest, was taken at or before the moment. Without
   * a moment there is only one.
   */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** null: a backup was named, or the newest was asked for. */
  readonly moment: Moment | null;
  /** Why this one, for people: `the newest complete one`. */
  readonly why: string;
  readonly notices: readonly Problem[];
}

/** Everything that was looked at to choose from. */
export interface Choice {
  readonly view: DatabaseView;
  readonly request: RestoreRequest;
  /** Newest first. */
  readonly listed: readonly ListedBackup[];
}

/**
 * Which backup a restore reads, and where, from listings alone. `environment` and `observation` are those whose backup it is.
 *
 * A name is the time of the snapshot rounded up to a second. So a backup that is named at or before a moment was taken at or
 * before it; one that is named less than a second after it may have been, and only its manifest tells: it comes first in
 * `candidates`, see `isAtOrBefore`. A backup that got a later name because its own was taken is passed over, which
 * errs on the early side. The scripts' files are named before they are dumped, and a notice says so.
 *
 * The newest, and the newest before a moment, pass over what is incomplete, dated ahead, named twice or failed its last
 * proof, and notices name them. Throws BACKUP_UNKNOWN or BACKUP_INCOMPLETE with the nearest ones, USAGE for what cannot be meant.
 */
export function chooseBackup(
  environment: Environment,
  request: RestoreRequest,
  world: { readonly observation: Observation; readonly now: Instant },
): Chosen {
  const { database, point } = pointOf(environment, request);
  const view = viewOf(environment, database, world);
  const choice = { view, request, listed: listedIn(view, request.store) };
  const chosen = choose(choice, point);
  const first = chosen.candidates[0];
  return {
    environment: environment.name,
    database: database.name,
    ...chosen,
    notices: [
      ...chosen.notices,
      ...(point.kind === "name" ? [] : unreadNotices(choice)),
      ...(chosen.moment !== null && msOf(chosen.moment.at) > msOf(world.now)
        ? [
            remark(
              `${renderMoment(chosen.moment.at)} lies ahead: ${first.backup.name} is the newest there is`,
            ),
          ]
        : []),
    ],
  };
}

type Made = Pick<Chosen, "candidates" | "moment" | "why" | "notices">;

function choose(choice: Choice, point: NamedPoint): Made {
  switch (point.kind) {
    case "name":
      return named(choice, point);
    case "latest": {
      const newest = choice.listed.find((one) => flawOf(choice.view, one) === null);
      const candidate = newest === undefined ? null : candidateOf(newest, null);
      if (newest === undefined || candidate === null) return nothingBefore(choice, null);
      const notices = passedOver(choice, choice.listed.slice(0, choice.listed.indexOf(newest)));
      return { candidates: [candidate], moment: null, why: "the newest complete one", notices };
    }
    case "moment":
      return atOrBefore(choice, point.moment);
  }
}

function named(choice: Choice, point: Extract<NamedPoint, { kind: "name" }>): Made {
  const listed = choice.listed.find((one) => one.name === point.name) ?? noSuchBackup(choice, point.name);
  if (point.layout === null && isAmbiguous(listed)) return twoOfOneName(choice, listed);
  const candidate = candidateOf(listed, point.layout) ?? notWhole(choice, listed);
  const notices = [
    ...(choice.view.ahead.has(listed.name)
      ? [remark(`${listed.name} is dated later than the clock of its store`, "CLOCK_AHEAD")]
      : []),
    ...(hasFailedProof(listed) ? [remark(`${listed.name} failed its last proof`)] : []),
  ];
  return { candidates: [candidate], moment: null, why: "asked for by name", notices };
}

function atOrBefore(choice: Choice, moment: Moment): Made {
  const within = choice.listed.filter((one) => microsOf(one.at) - 1_000_000n < moment.micros);
  const candidates: Candidate[] = [];
  const flawed: ListedBackup[] = [];
  for (const one of within) {
    if (flawOf(choice.view, one) !== null) {
      flawed.push(one);
      continue;
    }
    const candidate = candidateOf(one, null);
    if (candidate !== null) candidates.push(candidate);
    if (microsOf(one.at) <= moment.micros) break;
  }
  const [first, ...rest] = candidates;
  if (first === undefined) return nothingBefore(choice, moment);
  const scripts = candidates.filter((one) => isScripts(one.backup));
  return {
    candidates: [first, ...rest],
    moment,
    why: `the newest one at or before ${renderMoment(moment.at)}`,
    notices: [
      ...passedOver(choice, flawed),
      ...scripts.map(({ backup }) =>
        remark(
          `${backup.name} may have been named before it was dumped, as the scripts do: then what it holds may be from after ${renderMoment(moment.at)}`,
        ),
      ),
    ],
  };
}

function passedOver({ view }: Choice, listed: readonly ListedBackup[]): readonly Problem[] {
  return listed.map((one) => {
    const flaw = flawOf(view, one) ?? "";
    return remark(`${one.name} of ${renderInstant(one.at)} is passed over: it ${flaw}`, codeFor(view, one));
  });
}

function codeFor(view: DatabaseView, one: ListedBackup): Problem["code"] {
  if (view.ahead.has(one.name)) return "CLOCK_AHEAD";
  return isSetAside(view, one) ? "RESTORE_NOTICE" : "BACKUP_INCOMPLETE";
}

/** What could not be looked at may hold a newer one, or the only one. */
function unreadNotices({ view, request }: Choice): readonly Problem[] {
  return view.unreadable
    .filter((one) => request.store === null || one.store === request.store)
    .map(({ store, problem: why }) =>
      remark(`${store} could not be looked at, and may have a newer one: ${why.detail}`, "STORE_UNREADABLE"),
    );
}

function remark(detail: string, code: Problem["code"] = "RESTORE_NOTICE"): Problem {
  return problem(code, detail, { severity: "warning" });
}
