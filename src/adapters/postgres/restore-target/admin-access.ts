import type { Database } from "../../../model/environment.ts";
import type { Secret, SecretSource } from "../../../model/secret.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { openSession, type Session } from "../session.ts";
import { resolveTarget, type Secrets, type Target } from "../target.ts";
import { targetError } from "./target-problem.ts";

/** The server of a declared database, as its admin role; the password is resolved at the first use. */
export interface AdminAccess {
  /** The declared name, for messages. */
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where this database of the server is; null: the maintenance database. */
  target(database: string | null, signal: AbortSignal): Promise<Target>;
}

/**
 * Host, port and TLS are those of the backup role; the user, the password and the maintenance database are `admin`'s.
 * Without a password the passfile is asked for that user, database by database.
 */
export function adminAccess(
  database: Database,
  access: { readonly secrets: Secrets; readonly env: NodeJS.ProcessEnv },
): AdminAccess {
  const [targets, secrets] = [
    new Map<string | null, Promise<Target>>(),
    new Map<SecretSource, Promise<Secret>>(),
  ];
  const remembered: Secrets = {
    resolve: (source, signal) => keep(secrets, source, () => access.secrets.resolve(source, signal)),
  };
  const resolve = async (wanted: string | null, signal: AbortSignal): Promise<Target> => {
    const { admin, name } = database;
    if (admin === null)
      return fail("CONFIG_INVALID", `${name} has no admin, the role that restores`, {
        fix: `add to databases.${name}: admin: { user: postgres, password: { env: ADMIN_PASSWORD } }`,
      });
    const role = { ...admin, database: wanted ?? admin.database };
    return resolveTarget(database, { env: access.env, secrets: remembered, role }, signal);
  };
  return {
    name: database.name,
    env: access.env,
    target: (wanted, signal) => keep(targets, wanted, () => resolve(wanted, signal)),
  };
}

/** Asks once; an interrupted or failed question is asked again. */
function keep<K, V>(known: Map<K, Promise<V>>, key: K, ask: () => Promise<V>): Promise<V> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const asked = ask().catch((error: unknown) => {
    known.delete(key);
    throw error;
  });
  known.set(key, asked);
  return asked;
}

/**
 * Runs `work` in a session of its own, which is closed whatever happens. What the role or the database sets about timeouts and
 * read-only transactions does not count in it. What the server refuses becomes a DbopsError.
 */
export async function inSession<T>(
  access: AdminAccess,
  database: string | null,
  signal: AbortSignal,
  work: (session: Session, target: Target) => Promise<T>,
): Promise<T> {
  const target = await access.target(database, signal);
  const session = await openSession(target, signal);
  try {
    await session.query(PRELUDE);
    return await work(session, target);
  } catch (error) {
    signal.throwIfAborted();
    throw targetError(error, target);
  } finally {
    await session.close();
  }
}

/** The time limit of the role comes first: it counts for this as well. */
const PRELUDE = `
  SET statement_timeout = 0;
  SET default_transaction_read_only = off;
  SET standard_conforming_strings = on;
  SET lock_timeout = 0;
  SET idle_in_transaction_session_timeout = 0;
  SELECT set_config('lc_messages', 'C', false) FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper;
  SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout');`;
