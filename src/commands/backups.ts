import type { Backup } from "../model/backup.ts";
import type { Observation } from "../model/observation.ts";
import type { Decision } from "../model/planned.ts";
import type { BackupRow } from "../model/report.ts";
import { exitCodeOf } from "../problems/exit-code.ts";
import type { Context } from "./context.ts";
import { unreadable } from "./observe.ts";
import { survey } from "./survey.ts";

/** `dbops backups`: every backup in every store, with the reason why it is kept or would go. */
export async function backupsCommand(
  context: Context,
  args: { readonly environment: string | null },
): Promise<number> {
  const surveys = await survey(context, args.environment);
  const problems = surveys.flatMap(({ observation }) => unreadable(observation));
  for (const { environment, observation, planned } of surveys)
    context.view.report({
      kind: "backups",
      environment: environment.name,
      rows: rowsOf(observation, planned.decisions),
    });
  context.view.problems(problems);
  return exitCodeOf(problems);
}

function rowsOf(observation: Observation, decisions: readonly Decision[]): readonly BackupRow[] {
  const verdicts = new Map(decisions.map((one) => [`${one.store}\n${one.name}`, one]));
  const rows = new Map<string, { backup: Backup; stores: BackupRow["stores"][number][] }>();
  for (const { store, backup } of everyBackup(observation)) {
    const row = rows.get(backup.name) ?? { backup, stores: [] };
    const decision = verdicts.get(`${store}\n${backup.name}`);
    const fallback = backup.state === "complete" ? ("keep" as const) : ("incomplete" as const);
    row.stores.push({
      store,
      state: backup.state,
      verdict: decision?.verdict ?? fallback,
      reasons: decision?.reasons ?? [],
    });
    rows.set(backup.name, row);
  }
  return [...rows.values()].sort((a, b) => (a.backup.name < b.backup.name ? -1 : 1));
}

function everyBackup(observation: Observation): readonly { store: string; backup: Backup }[] {
  return Object.entries(observation.stores).flatMap(([store, seen]) =>
    seen.state === "unreadable"
      ? []
      : Object.values(seen.listings).flatMap((listing) =>
          listing.state === "listed" ? listing.backups.map((backup) => ({ store, backup })) : [],
        ),
  );
}
