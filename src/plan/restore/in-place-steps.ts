import type { SwapSchemasStep } from "../../model/restore-steps.ts";
import type { Step } from "../../model/step.ts";
import { fail } from "../../problems/dbops-error.ts";
import { countOf } from "../naming.ts";
import type { Content } from "./content.ts";
import { slotsLost } from "./judge-live.ts";
import type { RestoreCase } from "./restore-case.ts";
import { durationOf } from "./restore-reasons.ts";
import {
  base,
  filledSteps,
  healthSteps,
  type Names,
  namesFor,
  pinStep,
  unpinSteps,
} from "./restore-steps.ts";

/** As `restoreSteps`, into the live database itself, whose schemas are moved aside; the last of them puts them back where it failed. */
export function inPlaceSteps(at: RestoreCase, content: Content, safety: readonly Step[]): readonly Step[] {
  if (at.inPlace === null || at.target.live === null) return []; // nothing to be in place of, as is told
  const names = namesFor(at);
  const pin = pinStep(at, names);
  const moved = asideStep(at, names, { pin, safety });
  const filled = filledSteps(at, {
    content,
    names: { ...names, side: at.restore.live },
    needs: [...pin.map((one) => one.id), moved.id],
  }).map((step) => (step.kind === "load" ? { ...step, marker: names.old } : step));
  const kept = keepStep(at, names, filled.slice(-1));
  return [
    ...safety,
    ...pin,
    moved,
    ...filled,
    kept,
    ...healthSteps(at),
    backStep(at, names, { moved, kept }),
    ...unpinSteps(at, names),
  ];
}

function asideStep(
  at: RestoreCase,
  names: Names,
  { pin, safety }: { readonly pin: readonly Step[]; readonly safety: readonly Step[] },
): SwapSchemasStep {
  const { inPlace, target } = at;
  if (inPlace === null || target.live === null) return fail("INTERNAL", "nothing to restore in place of");
  const { moves } = inPlace;
  const { sessions } = target.live;
  const who = sessions === 0 ? "nobody is connected" : `${countOf(sessions, "session")} will be ended`;
  return {
    ...schemasBase(at, names, { name: "aside", effect: "change" }),
    pointOfNoReturn: true,
    direction: "aside",
    why: `${countOf(moves.schemas.length, "schema")} get other names in one transaction, and stay; from here on the application finds nothing, for ${durationOf(at.contents.plainBytes ?? 0)} of loading and what follows; ${who}`,
    needs: pin.map((one) => one.id),
    after: safety.map((one) => one.id).slice(-1),
    moves,
    lostSlots: [...slotsLost(target.live)].sort(),
  };
}

function keepStep(at: RestoreCase, names: Names, needs: readonly Step[]): SwapSchemasStep {
  const opens =
    at.inPlace?.moves.closes === true ? "opens the database again for who could connect before" : "";
  return {
    ...schemasBase(at, names, { name: "swap", effect: "change" }),
    direction: "keep",
    why: [`${at.candidate.backup.name} is verified`, opens].filter((one) => one !== "").join(": "),
    needs: needs.map((one) => one.id),
  };
}

function backStep(
  at: RestoreCase,
  names: Names,
  { moved, kept }: { readonly moved: Step; readonly kept: Step },
): SwapSchemasStep {
  return {
    ...schemasBase(at, names, { name: "back", effect: "none" }),
    direction: "back",
    why: "only where the load or a check failed: the application is then as it was, and what was loaded stands under other names",
    needs: [moved.id],
    after: [kept.id],
  };
}

function schemasBase<E extends Step["effect"]>(
  at: RestoreCase,
  names: Names,
  { name, effect }: { readonly name: string; readonly effect: E },
) {
  const { restore, candidate, target } = at;
  return {
    ...base(at, name, effect),
    kind: "swap" as const,
    type: "schemas" as const,
    live: restore.live,
    backup: candidate.backup.name,
    marker: names.old,
    moves: null,
    expect: { liveOid: target.live?.oid ?? 0 },
    lostSlots: [],
  };
}
