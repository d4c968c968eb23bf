import type { Request } from "../model/plan.ts";
import { dayOf } from "../policy/calendar.ts";
import { fail } from "../problems/dbops-error.ts";
import { problem } from "../problems/problem.ts";
import { aheadProblems } from "./converge.ts";
import type { DatabaseView } from "./database-view.ts";
import type { Draft } from "./draft.ts";
import { databaseProblems, madeBy, newBackupFor, type Occasion, obstacleTo } from "./due-backup.ts";
import { layoutOf, newBackupSteps } from "./new-backup.ts";
import { decideStore } from "./store-decision.ts";

type BackupRequest = Extract<Request, { operation: "backup" }>;

/**
 * A backup now, due or not, with a copy into every other store that keeps it. Nothing is deleted, nothing else is
 * copied. Throws USAGE for a store that the database does not use,
 * and for a label where its format has no place for one.
 */
export function backupDatabase(view: DatabaseView, request: BackupRequest): Draft {
  const name = view.database.name;
  const stores = view.database.backup.stores.map((one) => one.store);
  const store = request.store ?? stores[0] ?? "";
  if (!stores.includes(store))
    fail("USAGE", `${name} is not kept in a store "${store}"; its stores are ${stores.join(", ")}`);
  assertRoomFor(view, request);
  const found = [...databaseProblems(view), ...aheadProblems(view)];
  const obstacle = obstacleTo(view, store);
  const notices = found.filter((one) => one.severity === "warning");
  const problems = found.filter((one) => one.severity === "error");
  if (obstacle !== null) {
    const detail = `${name}: no backup is planned: ${obstacle}`;
    return {
      steps: [],
      problems,
      notices: [...notices, problem("BACKUP_OVERDUE", detail, { severity: "warning" })],
      decisions: [],
    };
  }
  const occasion = occasionOf(request, store, view.nowAt);
  const made = madeBy(view, occasion);
  const decisions = view.stores.map((one) => decideStore(view, one, made));
  const steps = newBackupSteps(newBackupFor(view, occasion, decisions));
  return { steps, problems, notices, decisions: [] };
}

/** A `.sql.gz.enc` has a name, and no place for words. */
function assertRoomFor({ database, environment }: DatabaseView, { label }: BackupRequest): void {
  if (layoutOf(database.backup.format) === "directory" || label === null) return;
  fail("USAGE", `${database.name} has format: sql, whose files have no place for a label`, {
    fix: `leave --label out, or write format: archive in ${environment.file}`,
  });
}

/** The id of the hold that `--hold` places: from the label, else from the day; the same request gives the same id. */
export function holdIdOf(label: string | null, nowAt: string): string {
  const slug = (label ?? "")
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
  return slug === "" ? `hold-${dayOf(nowAt).replaceAll("-", "")}` : slug;
}

function occasionOf(request: BackupRequest, store: string, nowAt: string): Occasion {
  return {
    store,
    origin: "forced",
    slotAt: null,
    label: request.label,
    hold: request.hold ? holdIdOf(request.label, nowAt) : null,
    why: request.label === null ? "asked for" : `asked for: ${request.label}`,
  };
}
