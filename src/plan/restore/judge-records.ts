import type { Environment } from "../../model/environment.ts";
import type { Observation } from "../../model/observation.ts";
import type { RestoreRequest } from "../../model/plan.ts";
import { type Problem, problem } from "../../problems/problem.ts";

/** Apply locks and keeps its journal in the records store: without it a copy elsewhere is of no use to this environment. */
export function judgeRecords(
  { name, file, records }: Environment,
  { from }: RestoreRequest,
  { stores }: Observation,
): readonly Problem[] {
  const seen = stores[records];
  if (seen?.state !== "unreadable") return [];
  const source = from ?? name;
  return [
    problem(
      seen.problem.code,
      `${records}, which keeps the records of ${name}, could not be looked at, and apply needs it: ${seen.problem.detail}`,
      {
        fix: `bring ${records} back; or, where a copy of the backup is in another store, write an environment file of its own beside ${file}, with records in a store that can be read:\ndbops plan OTHER restore … --from ${source}`,
      },
    ),
  ];
}
