import { basename } from "node:path";
import type { Environment, Store } from "../model/environment.ts";
import { type Problem, problem, type Where } from "../problems/problem.ts";
import { Draft } from "./draft.ts";
import type { EnvironmentFile } from "./environment-file.ts";
import { type Finding, isSamePath, type Path, placeOf, shown } from "./finding.ts";
import { overlapOf } from "./overlap.ts";
import { connectionRules } from "./rules/connection-rules.ts";
import { encryptionRules } from "./rules/encryption-rules.ts";
import { formatRules } from "./rules/format-rules.ts";
import { plainSecretRules } from "./rules/plain-secret-rules.ts";
import { referenceRules } from "./rules/reference-rules.ts";
import { restoreRules } from "./rules/restore-rules.ts";
import { retentionRules } from "./rules/retention-rules.ts";
import { scheduleRules } from "./rules/schedule-rules.ts";
import { storeRules } from "./rules/store-rules.ts";
import { schemaFindings } from "./schema-findings.ts";
import type { StoreInFile } from "./store-in-file.ts";
import { type FilePlace, toEnvironment, toStore } from "./used.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";

/** An environment file that was looked at: the environment when nothing is wrong, and everything that is. */
export interface ParsedEnvironment {
  readonly environment: Environment | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** The stores that are declared well, whatever else is wrong, with their places: for comparison with other files. */
  readonly stores: readonly { readonly store: Store; readonly where: Where }[];
  /** Files that a restore runs, in the order of the file; none where the file has problems. */
  readonly files: readonly { readonly path: string; readonly where: Where }[];
}

/** Parses an environment file. Never throws: any text gives an environment or at least one problem. */
export function parseEnvironment(text: string, place: FilePlace): ParsedEnvironment {
  const yaml = readYaml(text, place.file);
  if (yaml.value === undefined) return { environment: null, problems: yaml.problems, stores: [], files: [] };
  if (yaml.value === null) return { environment: null, problems: [emptyFile(place)], stores: [], files: [] };
  const fromSchema = schemaFindings(yaml.value);
  const draft = new Draft(yaml.value, fromSchema);
  const stores = storesOf(draft, place);
  const rules = RULES.flatMap((rule) => rule(draft));
  const findings = [...fromSchema, ...rules, ...nameFindings(draft, place), ...overlapFindings(stores)];
  const problems = [...yaml.problems, ...problemsOf(findings, plainSecretRules(yaml.value), yaml)].sort(
    byPlace,
  );
  // `as`: no problem means that the schema accepted it.
  const environment = problems.length === 0 ? toEnvironment(yaml.value as EnvironmentFile, place) : null;
  return {
    environment,
    problems,
    stores: stores.map((store) => ({ store, where: yaml.where(["stores", store.name], "key") })),
    files: (environment?.databases ?? []).flatMap(({ name, restore }) =>
      restore.sanitize.map((path, index) => ({
        path,
        where: yaml.where(["databases", name, "restore", "sanitize", index], "value"),
      })),
    ),
  };
}

const RULES = [
  referenceRules,
  storeRules,
  connectionRules,
  scheduleRules,
  encryptionRules,
  formatRules,
  retentionRules,
  restoreRules,
];

function emptyFile(place: FilePlace): Problem {
  return problem("CONFIG_INVALID", `${place.file} is empty`, {
    where: { file: place.file, line: 1, column: 1 },
    fix: "dbops init",
  });
}

function storesOf(draft: Draft, place: FilePlace): readonly Store[] {
  return draft.keys(["stores"]).flatMap((name) => {
    const store = draft.part<StoreInFile>(["stores", name]);
    const isUsable = store !== null && (store.s3?.endpoint === undefined || URL.canParse(store.s3.endpoint));
    return isUsable ? [toStore(name, store, place)] : [];
  });
}

function nameFindings(draft: Draft, place: FilePlace): readonly Finding[] {
  const name = draft.part<string>(["environment"]);
  const expected = basename(place.file).replace(/\.ya?ml$/, "");
  if (name === null || name === expected) return [];
  const detail = `environment is ${shown(name)}, but the file is ${basename(place.file)}; both must be the same`;
  return [{ path: ["environment"], at: "value", detail }];
}

function overlapFindings(stores: readonly Store[]): readonly Finding[] {
  return stores.flatMap((store, index) =>
    stores.slice(0, index).flatMap((earlier) => {
      const overlap = overlapOf(earlier, store);
      const path = ["stores", store.name];
      const detail = `${placeOf(path)} and stores.${earlier.name} are not apart: ${overlap}`;
      return overlap === null ? [] : [{ path, at: "key" as const, detail }];
    }),
  );
}

/** A secret that stands in the file is the whole story of its place. */
function problemsOf(
  findings: readonly Finding[],
  secrets: readonly Finding[],
  yaml: YamlText,
): readonly Problem[] {
  const isTold = (path: Path): boolean => secrets.some((one) => isSamePath(one.path, path));
  return [...findings.filter((one) => !isTold(one.path)), ...secrets].map((one) =>
    problem("CONFIG_INVALID", one.detail, { fix: one.fix, where: yaml.where(one.path, one.at) }),
  );
}

/** Orders problems by file, line, column and detail. */
export function byPlace(a: Problem, b: Problem): number {
  const [one, other] = [a.where, b.where];
  if (one === undefined || other === undefined)
    return Number(one !== undefined) - Number(other !== undefined);
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column || (a.detail < b.detail ? -1 : 1);
}
