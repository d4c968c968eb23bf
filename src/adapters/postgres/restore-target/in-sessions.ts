import type { Session } from "../session.ts";
import type { Target } from "../target.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";

export interface Shared<T> {
  readonly database: string;
  /** At most so many sessions. */
  readonly jobs: number;
  /** Each is taken by whichever session is free, in this order. */
  readonly items: readonly T[];
  /** Once in each session. */
  prepare(session: Session): Promise<void>;
  work(item: T, session: Session, target: Target): Promise<void>;
}

/** Works on many things side by side. The first failure ends all sessions, and is thrown when they have ended. */
export async function inSessions<T>(
  access: AdminAccess,
  { database, jobs, items, prepare, work }: Shared<T>,
  signal: AbortSignal,
): Promise<void> {
  const left = [...items];
  const giveUp = new AbortController();
  const either = AbortSignal.any([signal, giveUp.signal]);
  const run = async (session: Session, target: Target): Promise<void> => {
    await prepare(session);
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next, session, target);
  };
  const sessions = Array.from({ length: Math.min(jobs, items.length) }, () =>
    inSession(access, database, either, run).catch((error: unknown) => giveUp.abort(error)),
  );
  await Promise.all(sessions);
  either.throwIfAborted(); // with the first failure as its reason
}
