import type { Step } from "../../model/step.ts";
import type { Problem } from "../../problems/problem.ts";
import { viewOf } from "../database-view.ts";
import { newBackupFor, type Occasion, obstacleTo } from "../due-backup.ts";
import { layoutOf, newBackupSteps } from "../new-backup.ts";
import { noted, type RestoreCase } from "./restore-case.ts";

/**
 * The backup of what is about to be replaced, where `--safety before` asks for one. It never stands in the way: the replaced
 * database is kept anyhow, and a damaged one cannot be dumped.
 */
export function safetyBackup(at: RestoreCase): {
  readonly steps: readonly Step[];
  readonly notices: readonly Problem[];
} {
  if (!at.request.safetyBefore) return { steps: [], notices: [] };
  const { environment, database, observation, now, target, request, restore } = at;
  const without = (why: string) => ({ steps: [], notices: [noted(`no safety backup is planned: ${why}`)] });
  if (request.into !== null) return without(`${restore.live} replaces nothing`);
  if (target.live === null) return without(`nothing is called ${restore.live}`);
  if (layoutOf(database.backup.format) === "classic")
    return without("format: sql makes none; the swap keeps the replaced database all the same");
  const view = viewOf(environment, database, { observation, now });
  const store = database.backup.stores[0]?.store ?? "";
  const obstacle = obstacleTo(view, store);
  if (obstacle !== null) return without(`${obstacle}; the swap keeps the replaced database all the same`);
  const occasion: Occasion = {
    store,
    origin: "safety",
    slotAt: null,
    label: null,
    hold: null,
    why: "what is there now, before it is replaced; the restore goes on if this fails",
  };
  return { steps: newBackupSteps(newBackupFor(view, occasion, [])), notices: [] };
}
