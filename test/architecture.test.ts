import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EFFECT_RULES } from "./house/effect-rules.ts";
import { IMPORT_RULES } from "./house/import-rules.ts";
import { loadSources, parseSource } from "./house/source.ts";
import { sdksLoadedWith } from "./house/start-up.ts";
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

describe("adapters are imported on first use", () => {
  it("and so no SDK is loaded at the start", () => {
    expect(sdksLoadedWith("src/main.ts", SOURCES)).toEqual([]);
  });

  it("catches an SDK behind other files, and leaves alone what is loaded later", () => {
    const sources = [
      { path: "src/main.ts", text: 'import "./main/connect.ts"; await import("./adapters/s3.ts");' },
      {
        path: "src/main/connect.ts",
        text: 'import { pg } from "../adapters/pg.ts"; import type { A } from "execa";',
      },
      { path: "src/adapters/pg.ts", text: 'import pg from "pg";' },
      { path: "src/adapters/s3.ts", text: 'import { S3Client } from "@aws-sdk/client-s3";' },
    ].map(parseSource);
    expect(sdksLoadedWith("src/main.ts", sources)).toEqual([
      "src/main.ts → src/main/connect.ts → src/adapters/pg.ts → pg",
    ]);
  });
});
