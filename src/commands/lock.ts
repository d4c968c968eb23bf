import { breakLock } from "../apply/break-lock.ts";
import { canTake } from "../apply/lock.ts";
import { describeHolder, isExpired, readLock } from "../apply/lock-file.ts";
import type { Records } from "../apply/sessions.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { LockRow } from "../model/report.ts";
import { listScopes } from "../ports/list-scopes.ts";
import { fail } from "../problems/dbops-error.ts";
import { EXIT } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";
import { markedRecords } from "./marked-records.ts";

/** `dbops lock show`: every lock of an environment and who holds it. */
export async function lockShowCommand(
  context: Context,
  args: { readonly environment: string },
): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const connection = context.connect(environment, "read-only");
  const records = await markedRecords(connection, environment, context.signal);
  const scopes = await listScopes(records.store, context.signal);
  const rows = await Promise.all(scopes.map((scope) => rowOf(records, scope, context.signal)));
  const locks = rows.filter((row) => row !== null);
  context.view.report({ kind: "locks", environment: environment.name, locks });
  return EXIT.done;
}

export interface LockBreakArguments {
  readonly environment: string;
  readonly scope: string;
  readonly confirm: string | null;
}

/** `dbops lock break`: takes a lock from a holder that no longer works; the environment's name has to be given. */
export async function lockBreakCommand(context: Context, args: LockBreakArguments): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const connection = context.connect(environment, "read-write");
  const records = await markedRecords(connection, environment, context.signal);
  const lock = await readLock(records.store, args.scope, context.signal);
  if (lock === null)
    return fail("USAGE", `there is no lock ${args.scope}`, { fix: `dbops lock show ${environment.name}` });
  if (lock.file.state === "held" && !isExpired(lock))
    await confirmBreak(context, args, describeHolder(lock.file));
  const epoch = await breakLock(records, args.scope, `broken by ${records.host.actor}`);
  context.view.report({ kind: "lock-broken", environment: environment.name, scope: args.scope, epoch });
  return EXIT.done;
}

async function confirmBreak(context: Context, args: LockBreakArguments, holder: string): Promise<void> {
  if (args.confirm === args.environment) return;
  const question = `${args.scope} is held by ${holder}, who renewed it a moment ago. Type ${args.environment} to break it: `;
  const answer = args.confirm === null ? await context.view.ask(question, context.signal) : args.confirm;
  if (answer?.trim() === args.environment) return;
  fail("CONFIRMATION_NEEDED", `${args.scope} is held by ${holder}, who renewed it a moment ago`, {
    fix: `dbops lock break ${args.environment} ${args.scope} --confirm ${args.environment}`,
  });
}

async function rowOf(records: Records, scope: string, signal: AbortSignal): Promise<LockRow | null> {
  const lock = await readLock(records.store, scope, signal);
  if (lock === null) return null;
  const { file } = lock;
  const dead = file.state === "held" && canTake(lock, records.host);
  return {
    scope,
    state: file.state === "free" ? "free" : dead ? "expired" : "held",
    holder: file.state === "free" ? null : describeHolder(file),
    plan: file.plan,
    epoch: file.epoch,
    sinceAt: file.sinceAt,
  };
}
