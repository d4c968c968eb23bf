import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Config,
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  SchemaGenerator,
} from "ts-json-schema-generator";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Which type becomes which file of schemas/. */
const SCHEMAS = [
  {
    type: "EnvironmentFile",
    source: "src/config/environment-file.ts",
    file: "schemas/environment.schema.json",
  },
  { type: "Plan", source: "src/model/plan.ts", file: "schemas/plan.schema.json" },
  { type: "Manifest", source: "src/model/manifest.ts", file: "schemas/manifest.schema.json" },
] as const;

/** The text of every schema (draft-07), generated from the types, by the path of its file from the project's folder. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(SCHEMAS.map((one) => [one.file, render(one.type, `${ROOT}${one.source}`)]));
}

/** The files of schemas/ that are not what the types say, sorted. */
export function outdatedSchemas(): readonly string[] {
  return [...renderSchemas()]
    .filter(([file, text]) => committed(file) !== text)
    .map(([file]) => file)
    .sort();
}

function render(type: string, path: string): string {
  const config = {
    ...DEFAULT_CONFIG,
    path,
    type,
    tsconfig: `${ROOT}tsconfig.json`,
    skipTypeCheck: true,
  } satisfies Config;
  const program = createProgram(config);
  const generator = new SchemaGenerator(
    program,
    createParser(program, config),
    createFormatter(config),
    config,
  );
  return `${JSON.stringify(generator.createSchema(type), null, 2)}\n`;
}

function committed(file: string): string | null {
  try {
    return readFileSync(`${ROOT}${file}`, "utf8");
  } catch {
    return null; // not there yet: it differs
  }
}

function main(): void {
  if (process.argv.includes("--check")) {
    const outdated = outdatedSchemas();
    for (const file of outdated)
      console.error(`error: ${file} is not what the types say\nfix: npm run schemas`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
    return;
  }
  for (const [file, text] of renderSchemas()) writeFileSync(`${ROOT}${file}`, text);
}

if (import.meta.main) main();
