import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { renderSchemas } from "../scripts/schemas.ts";
import { loadEnvironments } from "../src/config/load-environments.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SCHEMAS = ["environment", "manifest", "plan"].map((name) => `schemas/${name}.schema.json`);

describe("the schemas", () => {
  it("are what the types say", () => {
    const rendered = renderSchemas();
    expect([...rendered.keys()].sort()).toEqual(SCHEMAS);
    for (const [file, text] of rendered) expect(readFileSync(`${ROOT}${file}`, "utf8"), file).toBe(text);
  });

  it.each(SCHEMAS)("%s is one that draft-07 validators take", (file) => {
    const schema: unknown = JSON.parse(readFileSync(`${ROOT}${file}`, "utf8"));
    expect(schema).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#" });
    if (typeof schema !== "object" || schema === null) throw new Error("no schema");
    expect(() => new Ajv({ strict: false }).compile(schema)).not.toThrow();
  });

  it("tell an editor's user what every key of an environment file means", () => {
    const text = readFileSync(`${ROOT}schemas/environment.schema.json`, "utf8");
    const { definitions } = JSON.parse(text);
    for (const [name, definition] of Object.entries<{ properties?: object }>(definitions)) {
      for (const [key, property] of Object.entries(definition.properties ?? {})) {
        expect(property.description, `${name}.${key}`).toMatch(/\.$/);
      }
    }
  });
});

describe("the example environments", () => {
  it("are valid, apart from each other, and keep what the runbook says", async () => {
    const { environments, problems } = await loadEnvironments("all", `${ROOT}environments`);
    expect(problems).toEqual([]);
    const days = environments.map((one) => [
      one.name,
      (one.databases[0]?.backup.stores[0]?.retention.withinMs ?? 0) / 86_400_000,
      one.databases[0]?.backup.schedules.map((schedule) => schedule.cron),
    ]);
    expect(days).toEqual([
      ["development", 7, ["0 2 * * *"]],
      ["production", 30, ["0 1 * * *", "0 * * * *"]],
      ["staging", 14, ["0 3 * * *"]],
    ]);
  });
});
