import { stringify } from "yaml";
import { parseEnvironment } from "../../src/config/parse-environment.ts";
import type { Environment } from "../../src/model/environment.ts";
import type { Problem } from "../../src/problems/problem.ts";

/** Age public keys whose private keys were thrown away. */
export const KEYS = [
  "age1dvcv8up0ytvhz5a6seak7vht05rf6hdvgmmcg7uljxkkxp93evws8e7r8q",
  "age1hdyjcepw6zf3e06laj4v7k4ndplek5g5kcx3hjxjhu37v3gwsd8sxn3nar",
] as const;

const PLACE = { file: "environments/production.yaml", baseFolder: "/srv/ops" };

/** Any part of a file, right or wrong. */
type Part = Record<string, unknown>;

/** What a test changes in a valid file; `undefined` removes a key. */
export interface Change {
  readonly top?: Part;
  readonly stores?: Part;
  readonly database?: Part;
  readonly connection?: Part;
  readonly backup?: Part;
}

/** The text of a valid environment file with one store and one database, changed in places. */
export function environmentText(change: Change = {}): string {
  const database = {
    connection: { host: "db.example.com", database: "app", user: "backup", ...change.connection },
    backup: {
      schedules: { daily: { cron: "0 1 * * *" } },
      stores: ["local"],
      encryption: { age: { recipients: [KEYS[0]] } },
      ...change.backup,
    },
    ...change.database,
  };
  return stringify({
    version: 1,
    environment: "production",
    stores: { local: { file: { path: "./var/backups" } }, ...change.stores },
    databases: { app: database },
    ...change.top,
  });
}

/** The problems of a text, in order. */
export function problemsOf(text: string): readonly Problem[] {
  return parseEnvironment(text, PLACE).problems;
}

/** The details of the problems of a changed file, in order. */
export function detailsOf(change: Change): readonly string[] {
  return problemsOf(environmentText(change)).map((one) => one.detail);
}

/** The environment of a changed file that has no problem. */
export function usedForm(change: Change = {}): Environment {
  const { environment, problems } = parseEnvironment(environmentText(change), PLACE);
  if (environment === null) throw new Error(problems.map((one) => one.detail).join("\n"));
  return environment;
}
