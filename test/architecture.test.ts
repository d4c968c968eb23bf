import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EFFECT_RULES } from "./house/effect-rules.ts";
import { IMPORT_RULES } from "./house/import-rules.ts";
import { loadSources, parseSource } from "./house/source.ts";
import { STYLE_RULES } from "./house/style-rules.ts";
import { TEST_RULES } from "./house/test-rules.ts";

const SOURCES = loadSources(join(import.meta.dirname, ".."));

it("reads the sources, the tests and the scripts", () => {
  const paths = SOURCES.map((source) => source.path);
  expect(paths).toEqual(
    expect.arrayContaining(["src/problems/problem.ts", "test/architecture.test.ts", "scripts/setup.ts"]),
  );
});

describe.each([...IMPORT_RULES, ...EFFECT_RULES, ...STYLE_RULES, ...TEST_RULES])("$says", (rule) => {
  it("holds in every file", () => {
    expect(SOURCES.flatMap((source) => rule.breaches(source))).toEqual([]);
  });

  it.each(rule.offenders)("catches $path: $text", (sample) => {
    expect(rule.breaches(parseSource(sample))).toHaveLength(1);
  });

  it.each(rule.innocents)("leaves alone $path: $text", (sample) => {
    expect(rule.breaches(parseSource(sample))).toEqual([]);
  });
});
