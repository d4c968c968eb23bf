import { msOf } from "../model/instant.ts";
import { renderDuration } from "../policy/calendar.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { DatabaseView } from "./database-view.ts";
import { renderInstant } from "./naming.ts";
import { renderSize } from "./restore/amounts.ts";

/** Databases that a restore replaced and whose grace is over. They are told, and nothing else: no backup of one can be made yet. */
export function keptTooLong(view: DatabaseView): readonly Problem[] {
  const { observed, environment, database, nowAt } = view;
  if (observed?.state !== "reachable") return [];
  return (observed.made ?? []).flatMap(({ name, sizeBytes, note }) => {
    if (note?.state !== "old" || note.replacedAt === null) return [];
    if (note.environment !== environment.name || note.database !== database.name) return [];
    if (msOf(nowAt) - msOf(note.replacedAt) <= database.restore.graceMs) return [];
    const size = sizeBytes === null ? "" : ` takes ${renderSize(sizeBytes)} and`;
    const grace = renderDuration(database.restore.graceMs);
    return [
      problem(
        "REPLACED_KEPT",
        `${name}${size} is what ${note.backup} replaced on ${renderInstant(note.replacedAt)}; it was to be kept for ${grace}`,
        { severity: "warning", fix: `when nobody needs it any more: DROP DATABASE ${name};` },
      ),
    ];
  });
}
