import { describe, expect, it } from "vitest";
import type { AcceptedBefore } from "../../../src/model/accepted-before.ts";
import type { RestoreRequest } from "../../../src/model/plan.ts";
import { problem } from "../../../src/problems/problem.ts";
import { paintWith } from "../../../src/views/paint.ts";
import { shownText } from "../../../src/views/shown-text.ts";
import { entry, planned } from "./build.ts";

const PLAN = "a".repeat(64);
const OTHER = "b".repeat(64);
const VIEW = entry("MATERIALIZED VIEW DATA", "public counted app", 7);
const GRANT = entry("ACL", "public TABLE users app", 8);
const ROWS = entry("TABLE DATA", "public users app", 9);
const ENTRIES = [VIEW, GRANT, ROWS];

describe("what the last restore accepted", () => {
  it("is accepted again by type, schema, name and owner, whatever the numbers", () => {
    const { load, notices } = restored([accepted("4711 99 MATERIALIZED VIEW DATA public counted app")]);
    expect(load?.tolerate).toEqual([VIEW.text]);
    expect(load?.acceptedBefore).toEqual([{ entry: VIEW.text, plan: PLAN }]);
    expect(notices).toContain(`1 failure will be accepted, as for plan aaaaaaaaaaaa: ${VIEW.text}`);
  });

  it("is not accepted of another owner, nor where two entries fit, nor where none does", () => {
    expect(restored([accepted("0 7 MATERIALIZED VIEW DATA public counted root")]).load?.tolerate).toEqual([]);
    const twice = [...ENTRIES, { ...VIEW, id: 10, text: VIEW.text.replace("0 7", "0 10") }];
    expect(restored([accepted(VIEW.text)], {}, twice).load?.tolerate).toEqual([]);
    expect(restored([accepted("0 7 COMMENT public gone app")])).toMatchObject({
      load: { tolerate: [] },
      problems: [],
    });
  });

  it("is never data, which is named each time", () => {
    expect(restored([accepted(ROWS.text)]).load?.tolerate).toEqual([]);
    const named = restored([accepted(ROWS.text)], { tolerate: [ROWS.text] });
    expect(named.load?.tolerate).toEqual([ROWS.text]);
    expect(named.load).not.toHaveProperty("acceptedBefore");
  });

  it("is added to by what is named, each told with the plan that it was accepted for", () => {
    const { load, notices, shown } = restored([accepted(VIEW.text, OTHER)], { tolerate: [GRANT.text] });
    expect(load?.tolerate).toEqual([VIEW.text, GRANT.text]);
    expect(load?.acceptedBefore).toEqual([{ entry: VIEW.text, plan: OTHER }]);
    expect(notices).toContain("1 failure will be accepted, as asked");
    expect(notices).toContain(`1 failure will be accepted, as for plan bbbbbbbbbbbb: ${VIEW.text}`);
    expect(shown).toContain(`goes on if this fails, as accepted for plan bbbbbbbbbbbb: ${VIEW.text}`);
    expect(shown).toContain(`goes on if this fails: ${GRANT.text}`);
  });

  it("is not missed by the check either", () => {
    const { check } = restored([accepted(VIEW.text)]);
    expect(check).toMatchObject({ without: [VIEW.text] });
  });

  it("is nothing where it could not be read, which the plan says", () => {
    const why = problem("RESTORE_NOTICE", "could not be looked at", { severity: "warning" });
    const result = planned({
      entries: ENTRIES,
      restore: { accepted: { state: "unreadable", problem: why } },
    });
    expect(result.notices).toContainEqual(why);
    expect(result.plan.steps).not.toEqual([]);
  });
});

type Failure = Extract<AcceptedBefore, { state: "read" }>["failures"][number];

function accepted(line: string, plan = PLAN): Failure {
  return { entry: line, plan };
}

function restored(failures: readonly Failure[], request: Partial<RestoreRequest> = {}, entries = ENTRIES) {
  const { plan, notices, problems } = planned({
    entries,
    request,
    restore: { accepted: { state: "read", failures } },
  });
  return {
    load: plan.steps.find((step) => step.kind === "load"),
    check: plan.steps.find((step) => step.id === "trading_signals.check"),
    notices: notices.map((one) => one.detail),
    problems,
    shown: shownText(plan, paintWith(false)).body.join("\n"),
  };
}
