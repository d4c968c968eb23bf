import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { OPERATIONS } from "../../src/model/plan.ts";
import { parsePlan, renderPlan } from "../../src/plan/plan-file.ts";

const FOLDER = join(import.meta.dirname, "../../plans");

it("keeps a valid example of every operation in plans/", async () => {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".yaml")).sort();
  const plans = await Promise.all(
    files.map(async (file) => parsePlan(await readFile(join(FOLDER, file), "utf8"), `plans/${file}`)),
  );
  expect(plans.map((plan) => plan.operation).sort()).toEqual([...OPERATIONS].sort());
  expect(files).toEqual(plans.map((plan) => `${plan.operation}-20250118.yaml`).sort());
});

it("keeps the examples as dbops writes them", async () => {
  for (const operation of OPERATIONS) {
    const text = await readFile(join(FOLDER, `${operation}-20250118.yaml`), "utf8");
    expect(renderPlan(parsePlan(text, operation))).toBe(text);
  }
});
