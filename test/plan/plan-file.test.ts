import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/model/canonical.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Step } from "../../src/model/step.ts";
import { parsePlan, renderPlan } from "../../src/plan/plan-file.ts";
import { planFault } from "../../src/plan/plan-shape.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { anyPlan, sealed, stepBase } from "./any-plan.ts";

const VERIFY: Step = {
  ...stepBase("trading_signals.verify"),
  kind: "verify",
  type: "backup",
  backup: { existing: "production_trading_signals_20261124_010000" },
  store: "primary",
  deep: false,
};

const TEXT = renderPlan(sealed([VERIFY]));

function failure(text: string): { code: string; detail: string; at: string } {
  try {
    parsePlan(text, "plans/backup.yaml");
  } catch (error) {
    if (!(error instanceof DbopsError)) throw error;
    const first = error.problems[0];
    const at = `${first?.where?.file}:${first?.where?.line}:${first?.where?.column}`;
    return { code: first?.code ?? "", detail: first?.detail ?? "", at };
  }
  throw new Error("it was accepted");
}

/** Line and column of some text, as people count them. */
function placeOf(text: string, part: string): string {
  const before = text.slice(0, text.indexOf(part)).split("\n");
  return `plans/backup.yaml:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

describe("a plan file", () => {
  it("reads back as the plan it was written from, and writes the same bytes again", () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const text = renderPlan(plan);
        const read = parsePlan(text, "plan.yaml");
        expect(read).toEqual(plan);
        expect(renderPlan(read)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it("is block YAML that says how to read and apply it, without anchors", () => {
    const recipients = ["age1one"];
    const sealing = { age: { recipients } };
    const encrypt = (id: string): Step => ({ ...stepBase(id), kind: "encrypt", artifact: id, sealing });
    const text = renderPlan(sealed([encrypt("a.encrypt"), encrypt("b.encrypt")]));
    expect(text).toMatch(/^# Plan: 0 to add/);
    expect(text).toContain("dbops show FILE");
    expect(text).toContain("dbops apply FILE");
    expect(text).not.toMatch(/[&*]a1|\{ /);
  });

  it("is refused as edited when anything in it was changed", () => {
    const edited = TEXT.replace("store: primary", "store: other");
    expect(failure(edited)).toMatchObject({ code: "PLAN_EDITED", at: placeOf(edited, "plan: ") });
    expect(failure(TEXT.replace("expiresAt: 2026", "expiresAt: 2027")).code).toBe("PLAN_EDITED");
  });

  it("may get other comments and white space, which change nothing", () => {
    expect(parsePlan(`# reviewed by Ada\n\n${TEXT}`, "plan.yaml").steps).toEqual([VERIFY]);
  });

  it("is refused with an alias, an anchor, a tag, a key twice, a directive or a second document", () => {
    const aliased = TEXT.replace("environment: production", "environment: &e production").replace(
      "store: primary",
      "store: *e",
    );
    expect(failure(aliased)).toEqual({
      code: "PLAN_INVALID",
      detail: "anchors (&name) are not allowed",
      at: placeOf(aliased, "production\n"),
    });
    expect(failure(TEXT.replace("store: primary", "store: *gone")).detail).toMatch(/aliases/);
    expect(failure(TEXT.replace("store: primary", "store: !!str primary")).detail).toMatch(/tags/);
    expect(failure(TEXT.replace("store: primary", "store: !own primary")).detail).toMatch(/tags/);
    expect(failure(TEXT.replace("deep: false", "deep: false\n    deep: true"))).toMatchObject({
      detail: "this key is given twice",
      code: "PLAN_INVALID",
    });
    expect(failure(`${TEXT}---\n{}\n`).detail).toMatch(/one document/);
    expect(failure(`%YAML 1.1\n---\n${TEXT}`).detail).toMatch(/directives/);
  });

  it("is refused with the place of what is wrong in it", () => {
    const wrong = TEXT.replace("deep: false", "deep: perhaps");
    expect(failure(wrong)).toEqual({
      code: "PLAN_INVALID",
      detail: "steps[0].deep must be true or false",
      at: placeOf(wrong, "deep: perhaps"),
    });
    const unknown = TEXT.replace("deep: false", "deep: false\n    force: true");
    expect(failure(unknown)).toEqual({
      code: "PLAN_INVALID",
      detail: "steps[0].force is no key that this version of dbops knows",
      at: placeOf(unknown, "force: true"),
    });
    expect(failure(TEXT.replace("    deep: false\n", "")).detail).toBe("steps[0] the key deep is missing");
    expect(failure(TEXT.replace("kind: verify", "kind: explode")).detail).toMatch(
      /^steps\[0\]\.kind must be dump, /,
    );
  });

  it("is refused when it has another version, or none", () => {
    expect(failure(TEXT.replace("version: 1", "version: 2")).detail).toBe(
      "this plan has version 2; this dbops reads version 1",
    );
    expect(failure("").detail).toMatch(/it has no version/);
    expect(failure("hello").detail).toMatch(/it has no version/);
    expect(failure("{").code).toBe("PLAN_INVALID");
  });

  it("is refused when a step is there twice or names one that does not stand before it", () => {
    expect(failure(renderPlan(sealed([VERIFY, VERIFY]))).detail).toBe(
      "two steps are called trading_signals.verify",
    );
    const early = { ...VERIFY, needs: ["trading_signals.upload"] };
    expect(failure(renderPlan(sealed([early]))).detail).toMatch(
      /names trading_signals.upload, which does not stand/,
    );
    const made = { ...VERIFY, backup: { made: "trading_signals.upload" } };
    expect(failure(renderPlan(sealed([made]))).detail).toMatch(
      /names trading_signals.upload, which does not stand/,
    );
  });
});

describe("the shape of a plan", () => {
  const schema = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(new URL("../../schemas/plan.schema.json", import.meta.url), "utf8")),
  );

  it("accepts what the schema for editors accepts", () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(planFault(plan)).toBeNull();
        expect(schema(plan)).toBe(true);
      }),
    );
  });

  it("refuses whatever the schema for editors refuses", () => {
    const values = fc.constantFrom(null, 0, -1, "x", true, [], {}, [null], { made: 1 }, "none", undefined);
    fc.assert(
      fc.property(anyPlan, fc.nat(), values, (plan, pick, value) => {
        const broken = mutated(plan, pick, value);
        if (!schema(broken)) expect(planFault(broken)).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
  });
});

/** A copy of the plan with one of its members replaced, or left out when the value is undefined. */
function mutated(plan: Plan, pick: number, value: unknown): unknown {
  const copy: unknown = structuredClone(plan);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const collect = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key }); // an object or a list, by the check above
      collect((holder as Record<string, unknown>)[key]);
    }
  };
  collect(copy);
  const place = places[pick % places.length];
  if (place === undefined) return copy;
  if (value !== undefined) place.holder[place.key] = value;
  else if (!Array.isArray(place.holder)) delete place.holder[place.key];
  return copy;
}

describe("the digest of a plan", () => {
  it("is of everything but itself", () => {
    const plan = sealed([VERIFY]);
    const { plan: digest, ...content } = plan;
    expect(digestOf(content)).toBe(digest);
  });
});
