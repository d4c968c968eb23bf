import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { openPostgres } from "../../../src/adapters/postgres/open-postgres.ts";
import type { Secrets } from "../../../src/adapters/postgres/target.ts";
import type { Connection, Database } from "../../../src/model/environment.ts";
import type { DatabaseObservation } from "../../../src/model/observation.ts";
import { Secret } from "../../../src/model/secret.ts";
import type { Postgres, ProgramOutput } from "../../../src/ports/postgres.ts";
import { DbopsError } from "../../../src/problems/dbops-error.ts";
import type { Problem } from "../../../src/problems/problem.ts";
import { PLAIN_RESTORE } from "../../support/plain-restore.ts";

/** A database as an environment file declares it; only the connection, and what is given more, matters here. */
export function declared(connection: Connection, more: Partial<Database> = {}): Database {
  return {
    name: "shop",
    connection,
    admin: null,
    cloneOf: null,
    restore: PLAIN_RESTORE,
    backup: {
      schedules: [],
      stores: [],
      format: "archive",
      compression: "none",
      encryption: { kind: "none" },
    },
    ...more,
  };
}

/** Files are read; `{ env: TEXT }` gives TEXT itself. */
export const secrets: Secrets = {
  resolve: async (source) => {
    if ("file" in source) return new Secret((await readFile(source.file, "utf8")).trim());
    if ("env" in source) return new Secret(source.env);
    throw new Error("no command in these tests");
  },
};

export function open(connection: Connection, env: NodeJS.ProcessEnv = process.env): Postgres {
  return openPostgres(declared(connection), secrets, env);
}

export function signal(): AbortSignal {
  return new AbortController().signal;
}

export async function reachable(
  postgres: Postgres,
): Promise<Extract<DatabaseObservation, { state: "reachable" }>> {
  const seen = await postgres.inspect(signal());
  if (seen.state !== "reachable") throw new DbopsError([seen.problem]);
  return seen;
}

export async function unreadable(postgres: Postgres): Promise<Problem> {
  const seen = await postgres.inspect(signal());
  if (seen.state !== "unreadable") throw new Error("it could be read");
  return seen.problem;
}

/** Everything a program gives, and what it reports. */
export async function whole(output: ProgramOutput): Promise<{ bytes: Buffer; warnings: readonly string[] }> {
  const bytes = await buffer(output.body);
  const { warnings } = await output.settled;
  return { bytes, warnings };
}

/** The problem that keeps a body from ending well, after `settled` told the same; throws when it does end well. */
export async function failureOf(output: ProgramOutput): Promise<Problem> {
  const [ended, settled] = await Promise.allSettled([buffer(output.body), output.settled]);
  if (ended.status === "fulfilled") throw new Error("the body ended well");
  if (settled.status === "fulfilled") throw new Error("the program settled well");
  const [problem] = ended.reason instanceof DbopsError ? ended.reason.problems : [];
  if (problem === undefined) throw ended.reason;
  return problem;
}
