import type { Database } from "../../../model/environment.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { openSession, type Session } from "../session.ts";
import { resolveTarget, type Secrets, type Target } from "../target.ts";

/** The server of a declared database, as its admin role; the password is resolved at the first use. */
export interface AdminAccess {
  /** The declared name, for messages. */
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where this database of the server is; null: the maintenance database. */
  target(database: string | null, signal: AbortSignal): Promise<Target>;
}

/** Host, port and TLS are those of the backup role; the user, the password and the maintenance database are `admin`'s. */
export function adminAccess(
  database: Database,
  access: { readonly secrets: Secrets; readonly env: NodeJS.ProcessEnv },
): AdminAccess {
  let resolved: Promise<Target> | null = null;
  const resolve = async (signal: AbortSignal): Promise<Target> => {
    const { admin, name } = database;
    if (admin === null)
      return fail("CONFIG_INVALID", `${name} has no admin, the role that restores`, {
        fix: `add to databases.${name}: admin: { user: postgres, password: { env: ADMIN_PASSWORD } }`,
      });
    const place = await resolveTarget(database, access, signal);
    const password = admin.password === null ? null : await access.secrets.resolve(admin.password, signal);
    return { ...place, user: admin.user, password, database: admin.database };
  };
  return {
    name: database.name,
    env: access.env,
    async target(wanted, signal) {
      resolved ??= resolve(signal);
      const target = await resolved.catch((error: unknown) => {
        resolved = null; // an interrupted or failed question is asked again
        throw error;
      });
      return wanted === null ? target : { ...target, database: wanted };
    },
  };
}

/** Runs `work` in a session of its own, which is closed whatever happens. */
export async function inSession<T>(
  access: AdminAccess,
  database: string | null,
  signal: AbortSignal,
  work: (session: Session, target: Target) => Promise<T>,
): Promise<T> {
  const target = await access.target(database, signal);
  const session = await openSession(target, signal);
  try {
    return await work(session, target);
  } finally {
    await session.close();
  }
}
