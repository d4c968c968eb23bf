import { findHead, readBackwards } from "../apply/journal.ts";
import { readLock } from "../apply/lock-file.ts";
import type { Records } from "../apply/sessions.ts";
import { verifyRecords } from "../apply/verify-records.ts";
import { loadEnvironment } from "../config/load-environments.ts";
import type { AuditEntry } from "../model/audit-entry.ts";
import type { Environment } from "../model/environment.ts";
import { listScopes } from "../ports/list-scopes.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { fail } from "../problems/dbops-error.ts";
import { EXIT } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";
import { markedRecords } from "./marked-records.ts";

export interface AuditArguments {
  readonly environment: string;
  readonly scope: string | null;
  /** How many entries of each scope, the newest. */
  readonly last: number;
}

/** `dbops audit show`: the newest entries of all journals of an environment, oldest first. */
export async function auditShowCommand(context: Context, args: AuditArguments): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const records = await recordsOf(context, environment);
  const scopes = await scopesOf(records.store, args, context.signal);
  const found = await Promise.all(
    scopes.map((scope) => newest(records.store, { scope, last: args.last }, context.signal)),
  );
  const entries = found.flat();
  const sorted = entries.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.number - b.number));
  context.view.report({ kind: "audited", environment: environment.name, entries: sorted });
  return EXIT.done;
}

/** `dbops audit verify`: whether every chain is there and whole; exit 1 when one is not. */
export async function auditVerifyCommand(
  context: Context,
  args: { readonly environment: string },
): Promise<number> {
  const environment = await loadEnvironment(args.environment, context.configFolder);
  const records = await recordsOf(context, environment);
  const scopes = await verifyRecords(records.store, environment, context.signal);
  context.view.report({ kind: "audit-verified", environment: environment.name, scopes });
  return scopes.some((one) => one.state === "broken") ? EXIT.failed : EXIT.done;
}

function recordsOf(context: Context, environment: Environment): Promise<Records> {
  return markedRecords(context.connect(environment, "read-only"), environment, context.signal);
}

/** All scopes, or the one that is asked for; throws USAGE when that is none. */
async function scopesOf(
  store: ObjectStore,
  { environment, scope }: AuditArguments,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const known = await listScopes(store, signal);
  if (scope === null) return known;
  if (known.includes(scope)) return [scope];
  const names = known.length === 0 ? "there is none yet" : `there are ${known.join(", ")}`;
  return fail("USAGE", `--scope ${scope}: ${environment} has no such journal; ${names}`, {
    fix: `dbops audit show ${environment}`,
  });
}

async function newest(
  store: ObjectStore,
  { scope, last }: { scope: string; last: number },
  signal: AbortSignal,
): Promise<readonly AuditEntry[]> {
  const lock = await readLock(store, scope, signal);
  const head = await findHead(store, scope, lock?.file.head ?? null, signal);
  const entries: AuditEntry[] = [];
  for await (const entry of readBackwards(store, scope, head, signal)) {
    if (entries.length === last) break;
    entries.push(entry);
  }
  return entries;
}
