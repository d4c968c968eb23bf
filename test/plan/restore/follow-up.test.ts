import { describe, expect, it } from "vitest";
import { failedDigest } from "../../../src/model/made-database.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { parsePlan, renderPlan } from "../../../src/plan/plan-file.ts";
import { followUp, type PartialLoad } from "../../../src/plan/restore/follow-up.ts";
import { planDigest } from "../../../src/plan/seal-plan.ts";
import { entry, planned } from "./build.ts";

const COMMENT = entry("COMMENT", "- EXTENSION pg_trgm ", 7);
const VIEW = entry("MATERIALIZED VIEW DATA", "public counted app", 8);
const DATA = entry("TABLE DATA", "public users app", 9);
const ENTRIES = [COMMENT, VIEW, DATA];
const LATER = "2026-11-24T14:00:00.000Z";

const FIRST = planned({ entries: ENTRIES, request: { tolerate: [VIEW.text] } }).plan;

function followed(more: Partial<PartialLoad> = {}, plan = FIRST): Plan | null {
  const done = new Set(["trading_signals.pin", "trading_signals.create"]);
  const config = () => plan.config;
  return followUp(plan, { failed: [COMMENT.text], unlisted: ["ext.a"], done, config, ...more }, LATER);
}

function must(plan: Plan | null): Plan {
  if (plan === null) throw new Error("there is no follow-up");
  return plan;
}

function stepsOf<K extends Plan["steps"][number]["kind"]>({ steps }: Plan, kind: K) {
  return steps.filter((step): step is Extract<Plan["steps"][number], { kind: K }> => step.kind === kind);
}

describe("the plan that goes on where a load failed at entries", () => {
  it("tolerates what failed beside what was tolerated, and does not miss it in the check", () => {
    const plan = must(followed());
    const both = [VIEW.text, COMMENT.text].sort();
    expect(stepsOf(plan, "load")[0]?.tolerate).toEqual(both);
    expect(stepsOf(plan, "verify")[0]).toMatchObject({ type: "database", without: both });
  });

  it("names the plan and the entries that it goes on from, and keeps side database and pin", () => {
    const plan = must(followed());
    const failed = failedDigest([COMMENT.text]);
    expect(stepsOf(plan, "create")[0]?.continues).toEqual({ plan: FIRST.plan, failed, unlisted: ["ext.a"] });
    expect(stepsOf(plan, "create")[0]?.name).toBe(stepsOf(FIRST, "create")[0]?.name);
    expect(stepsOf(plan, "swap")).toEqual(stepsOf(FIRST, "swap"));
    expect(stepsOf(plan, "hold").map((one) => one.hold)).toEqual(
      stepsOf(FIRST, "hold").map((one) => one.hold),
    );
    expect(plan.steps.map((one) => one.id)).toEqual(FIRST.steps.map((one) => one.id));
  });

  it("has a digest and a time of its own, and reads back from its file", () => {
    const plan = must(followed());
    expect(plan.plan).toBe(planDigest(plan));
    expect(plan.plan).not.toBe(FIRST.plan);
    const lasts = ({ createdAt, expiresAt }: Plan) => Date.parse(expiresAt) - Date.parse(createdAt);
    expect([plan.createdAt, lasts(plan)]).toEqual([LATER, lasts(FIRST)]);
    expect(parsePlan(renderPlan(plan), "r-2.yaml")).toEqual(plan);
  });

  it("is not made while data failed, nor where nothing did", () => {
    expect(followed({ failed: [COMMENT.text, DATA.text] })).toBeNull();
    expect(followed({ failed: [entry("SEQUENCE SET", "public users_id_seq app").text] })).toBeNull();
    expect(followed({ failed: [entry("BLOBS", "- BLOBS ").text] })).toBeNull();
    expect(followed({ failed: [] })).toBeNull();
  });

  it("does not make the backup before the swap again, unless it failed", () => {
    const plan = planned({ entries: ENTRIES, request: { safetyBefore: true } }).plan;
    const safety = plan.steps
      .slice(
        0,
        plan.steps.findIndex((one) => one.kind === "hold"),
      )
      .map((one) => one.id);
    expect(safety.length).toBeGreaterThan(2);
    const made = must(followed({ done: new Set([...safety, "trading_signals.pin"]) }, plan));
    expect(made.steps.map((one) => one.id)).toEqual(
      plan.steps.map((one) => one.id).filter((id) => !safety.includes(id)),
    );
    expect(stepsOf(made, "swap")[0]?.after).toEqual([]);
    expect(parsePlan(renderPlan(made), "r-2.yaml")).toEqual(made);
    const unverified = must(followed({ done: new Set(safety.slice(0, -1)) }, plan));
    expect(unverified.steps.map((one) => one.id)).toEqual(plan.steps.map((one) => one.id));
  });
});
