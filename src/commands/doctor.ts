import { testConditions } from "../apply/store-conditions.ts";
import { loadEnvironments } from "../config/load-environments.ts";
import type { Database, Environment } from "../model/environment.ts";
import { type Instant, msOf } from "../model/instant.ts";
import type { DatabaseObservation } from "../model/observation.ts";
import type { Check } from "../model/report.ts";
import { readMark } from "../ports/read-mark.ts";
import { DbopsError, problemsOf } from "../problems/dbops-error.ts";
import { EXIT } from "../problems/exit-code.ts";
import type { Problem } from "../problems/problem.ts";
import type { Connection, Context } from "./context.ts";

/** Clocks further apart than this make names and slots surprising. */
const CLOCK_TOLERANCE_MS = 60_000;

/** `dbops doctor`: tools, rights, clocks, what each store really honours; exit 1 when something is bad. */
export async function doctorCommand(
  context: Context,
  args: { readonly environment: string | null },
): Promise<number> {
  const names = args.environment === null ? ("all" as const) : [args.environment];
  const { environments, problems } = await loadEnvironments(names, context.configFolder);
  if (problems.length > 0) throw new DbopsError(problems);
  let bad = false;
  for (const environment of environments) {
    const checks = await examine(context, environment);
    context.view.report({ kind: "diagnosed", environment: environment.name, checks });
    bad ||= checks.some((check) => check.state === "bad");
  }
  return bad ? EXIT.failed : EXIT.done;
}

async function examine(context: Context, environment: Environment): Promise<readonly Check[]> {
  const connection = context.connect(environment, "read-write");
  const stores = environment.stores.map(({ name }) =>
    examineStore(context, environment, { connection, name }),
  );
  const databases = environment.databases.map(({ name }) => examineDatabase(context, { connection, name }));
  const sealed = environment.databases.filter((one) => one.backup.encryption.kind === "openssl");
  const passphrases = sealed.map(({ name }) => examinePassphrase({ connection, name }));
  const identities = examineIdentities(environment, connection);
  const groups = await Promise.all([...stores, ...databases, ...passphrases, identities]);
  return [...groups.flat(), ...environment.databases.map(adminCheck)];
}

interface Patient {
  readonly connection: Connection;
  readonly name: string;
}

async function examineStore(
  context: Context,
  environment: Environment,
  { connection, name }: Patient,
): Promise<readonly Check[]> {
  const subject = `store ${name}`;
  const store = connection.ports.store(name);
  try {
    const { info } = await readMark(store, { environment: environment.name, store: name }, context.signal);
    const checks = [
      good(subject, "readable, and marked as this environment's"),
      clockCheck(context, subject, info.readAt),
    ];
    if (name !== environment.records || environment.locks === "none") return checks;
    const found = await testConditions(store, context.signal);
    return [
      ...checks,
      found === null ? good(subject, "honours conditional writes under a race") : bad(subject, found),
    ];
  } catch (error) {
    return problemsOf(error).map((one) => bad(subject, one));
  }
}

async function examineDatabase(context: Context, { connection, name }: Patient): Promise<readonly Check[]> {
  const subject = `database ${name}`;
  const found: DatabaseObservation = await connection.ports.postgres(name).inspect(context.signal);
  if (found.state === "unreadable") return [bad(subject, found.problem)];
  const rights = found.problems.map((one) => bad(subject, one));
  return [
    good(subject, `PostgreSQL ${found.serverVersion} at ${found.identity.endpoint}`),
    clockCheck(context, subject, found.clockAt),
    ...(rights.length === 0
      ? [good(subject, "the role may read all of it, and a fitting pg_dump is here")]
      : rights),
  ];
}

/** Its password is resolved only for a restore: to look is not to try. */
function adminCheck({ name, admin }: Database): Check {
  const subject = `database ${name}`;
  if (admin === null) return good(subject, "no admin is declared: it can be backed up here, not restored");
  return good(subject, `the role that restores, ${admin.user}, is declared; it was not tried`);
}

/** Backups need it, not only restores. */
async function examinePassphrase({ connection, name }: Patient): Promise<readonly Check[]> {
  const subject = `database ${name}`;
  try {
    await connection.ports.classicPassphrase(name);
    return [
      good(subject, "the passphrase of its .sql.gz.enc files can be read: this host can open them, too"),
    ];
  } catch (error) {
    return problemsOf(error).map((one) => bad(subject, one));
  }
}

async function examineIdentities(environment: Environment, { ports }: Connection): Promise<readonly Check[]> {
  const subject = "identities";
  if (environment.identities.length === 0)
    return [good(subject, "none declared: this host can write archives, not read them")];
  try {
    const { identities } = await ports.openingKeys();
    return [good(subject, `${identities.length} can be read`)];
  } catch (error) {
    return problemsOf(error).map((one) => bad(subject, one));
  }
}

function clockCheck(context: Context, subject: string, at: Instant): Check {
  const apartMs = Math.abs(msOf(context.clock.now()) - msOf(at));
  if (apartMs <= CLOCK_TOLERANCE_MS) return good(subject, "its clock agrees with this host's");
  const detail = `its clock and this host's are ${Math.round(apartMs / 1000)} s apart`;
  return { subject, state: "bad", detail, fix: "timedatectl set-ntp true" };
}

function good(subject: string, detail: string): Check {
  return { subject, state: "good", detail, fix: null };
}

function bad(subject: string, found: Problem): Check {
  const state = found.severity === "error" ? "bad" : "unknown";
  return { subject, state, detail: `${found.summary}: ${found.detail}`, fix: found.fix ?? null };
}
