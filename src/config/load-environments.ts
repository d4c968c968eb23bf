import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Environment } from "../model/environment.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { type Problem, problem } from "../problems/problem.ts";
import { overlapOf } from "./overlap.ts";
import type { ParsedEnvironment } from "./parse-environment.ts";
import { didYouMean } from "./suggestion.ts";

/** Several environment files that were looked at together. */
export interface LoadedEnvironments {
  /** Those without a problem, sorted by name. */
  readonly environments: readonly Environment[];
  /** Everything wrong with the files that were asked for, in the order of files and lines. */
  readonly problems: readonly Problem[];
  /**
   * Files that a restore would run and that are not here: no reason to leave a backup undone on a host that has only the
   * environment files, so `dbops validate` and a restore say it.
   */
  readonly missingFiles: readonly Problem[];
}

/**
 * Loads one environment; throws a DbopsError with everything that is wrong with its file, or between it and another
 * file of the folder. Mistakes of other files do not stop it.
 */
export async function loadEnvironment(name: string, configFolder: string): Promise<Environment> {
  const { environments, problems } = await loadEnvironments([name], configFolder);
  const [environment] = environments;
  if (environment === undefined || problems.length > 0) throw new DbopsError(problems);
  return environment;
}

/** Loads the named environments, or all files of the folder; never throws for what is wrong with them. */
export async function loadEnvironments(
  names: readonly string[] | "all",
  configFolder: string,
): Promise<LoadedEnvironments> {
  const listing = await listFiles(configFolder);
  if ("problem" in listing) return { environments: [], problems: [listing.problem], missingFiles: [] };
  const wanted = names === "all" ? listing.names : [...new Set(names)].sort();
  const missing = wanted.filter((name) => !listing.names.includes(name));
  const files = await Promise.all(listing.names.map((name) => look(name, configFolder)));
  const asked = files.filter(({ name }) => wanted.includes(name));
  const problems = [
    ...missing.map((name) => noSuchFile(name, listing, configFolder)),
    ...(names === "all" ? emptyFolder(listing, configFolder) : []),
    ...asked.flatMap(({ parsed }) => parsed.problems),
    ...asked.flatMap((one) => overlaps(one, files)),
  ];
  const faulty = new Set(problems.map((one) => one.where?.file));
  const environments = asked.flatMap(({ parsed: { environment } }) =>
    environment === null || faulty.has(environment.file) ? [] : [environment],
  );
  const found = await Promise.all(asked.flatMap(({ parsed }) => parsed.files).map(missingFile));
  return { environments, problems, missingFiles: found.flat() };
}

async function missingFile({ path, where }: ParsedEnvironment["files"][number]): Promise<readonly Problem[]> {
  try {
    if ((await stat(path)).isFile()) return [];
    return [problem("CONFIG_INVALID", `${shownPath(path)} is no file`, { where })];
  } catch (thrown) {
    const detail = `${shownPath(path)} cannot be read: ${reasonOf(thrown)}`;
    return [problem("CONFIG_INVALID", detail, { where })];
  }
}

interface LookedAt {
  readonly name: string;
  readonly parsed: ParsedEnvironment;
}

interface Listing {
  /** Of files that end in .yaml, without it, sorted. */
  readonly names: readonly string[];
  /** Files that end in .yml, which are not looked at. */
  readonly short: readonly string[];
}

async function listFiles(configFolder: string): Promise<Listing | { problem: Problem }> {
  try {
    const files = (await readdir(configFolder)).filter((one) => !one.startsWith(".")).sort();
    const ending = (end: string): string[] =>
      files.filter((one) => one.endsWith(end)).map((one) => one.slice(0, -end.length));
    return { names: ending(".yaml"), short: ending(".yml") };
  } catch (thrown) {
    const folder = shownPath(configFolder);
    return { problem: unreadable(`the folder ${folder} cannot be read: ${reasonOf(thrown)}`, "dbops init") };
  }
}

async function look(name: string, configFolder: string): Promise<LookedAt> {
  const path = join(configFolder, `${name}.yaml`);
  const file = shownPath(path);
  const read = await readUtf8(path);
  if ("reason" in read) {
    const where = { file, line: 1, column: 1 };
    const found = problem("CONFIG_UNREADABLE", `${file} cannot be read: ${read.reason}`, { where });
    return { name, parsed: { environment: null, problems: [found], stores: [], files: [] } };
  }
  // Imported on first use: YAML and schema cost more time than `dbops --help` may take.
  const { parseEnvironment } = await import("./parse-environment.ts");
  return { name, parsed: parseEnvironment(read.text, { file, baseFolder: dirname(resolve(configFolder)) }) };
}

async function readUtf8(path: string): Promise<{ readonly text: string } | { readonly reason: string }> {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)) };
  } catch (thrown) {
    return { reason: reasonOf(thrown) };
  }
}

function noSuchFile(name: string, listing: Listing, configFolder: string): Problem {
  const folder = shownPath(configFolder);
  const there = listing.names.length === 0 ? "there is none yet" : `there are ${listing.names.join(", ")}`;
  const shortHint = listing.short.includes(name) ? `; ${name}.yml must be renamed to ${name}.yaml` : "";
  const hint = shortHint === "" ? didYouMean(name, listing.names) : shortHint;
  const detail = `no environment ${JSON.stringify(name)} in ${folder}; ${there}${hint}`;
  return unreadable(
    detail,
    shortHint === "" ? `dbops init ${name}` : `mv ${folder}/${name}.yml ${folder}/${name}.yaml`,
  );
}

function emptyFolder(listing: Listing, configFolder: string): readonly Problem[] {
  const folder = shownPath(configFolder);
  const renamed = listing.short.map((name) =>
    unreadable(
      `${folder}/${name}.yml is not looked at: the name must end in .yaml`,
      `mv ${folder}/${name}.yml ${folder}/${name}.yaml`,
    ),
  );
  if (listing.names.length > 0 || renamed.length > 0) return renamed;
  return [unreadable(`there is no environment in ${folder}`, "dbops init")];
}

function overlaps(one: LookedAt, all: readonly LookedAt[]): readonly Problem[] {
  return all
    .filter((other) => other.name !== one.name)
    .flatMap((other) =>
      one.parsed.stores.flatMap(({ store, where }) =>
        other.parsed.stores.flatMap((foreign) => {
          const overlap = overlapOf(store, foreign.store);
          if (overlap === null) return [];
          const place = `${foreign.where.file}:${foreign.where.line}:${foreign.where.column}`;
          const detail = `stores.${store.name} and stores.${foreign.store.name} of ${place} are not apart: ${overlap}; retention of one would delete the backups of the other`;
          return [problem("CONFIG_INVALID", detail, { where })];
        }),
      ),
    );
}

function unreadable(detail: string, fix: string): Problem {
  return problem("CONFIG_UNREADABLE", detail, { fix });
}

function shownPath(path: string): string {
  return relative(process.cwd(), resolve(path)) || ".";
}

function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "it does not exist",
    ENOTDIR: "it is not a folder",
    EISDIR: "it is a folder",
    EACCES: "this user may not read it",
    ERR_ENCODING_INVALID_ENCODED_DATA: "it is not UTF-8 text",
  };
  return reasons[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
}
