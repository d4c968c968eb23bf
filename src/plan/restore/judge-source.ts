import { msOf } from "../../model/instant.ts";
import type { Problem } from "../../problems/problem.ts";
import { renderAbout, renderSize } from "./amounts.ts";
import { latestProof } from "./listed-backup.ts";
import { isAtOrBefore, renderMoment } from "./moment.ts";
import { blocked, majorOf, noted, type RestoreCase } from "./restore-case.ts";

/** Whether the backup is the one that was meant, and one that this server can take. */
export function judgeSource(at: RestoreCase): readonly Problem[] {
  return [...momentProblems(at), ...originProblems(at), ...versionProblems(at)];
}

/** Which backup it is and how far it can be trusted, for the first line that people read. */
export function describeSource(at: RestoreCase): string {
  const { takenAt, schemaRevision, imageDigest, label } = at.contents;
  const parts = [
    at.chosen.why,
    `${renderAbout(msOf(at.now) - msOf(takenAt))} old`,
    renderSize(at.candidate.backup.bytes),
    proofOf(at),
    ...(schemaRevision === undefined
      ? []
      : [schemaRevision === null ? "no schema revision" : `schema revision ${schemaRevision}`]),
    ...(imageDigest === null ? [] : [`image ${imageDigest}`]),
    ...(label === null ? [] : [`labelled ${label}`]),
  ];
  return parts.join(", ");
}

function proofOf({ candidate }: RestoreCase): string {
  const proof = latestProof([candidate.backup]);
  if (proof === null) return "never restored as a proof";
  return `${proof.passed ? "proven" : "failed its proof"} ${renderMoment(proof.at)}`;
}

/** The manifest has the last word on a moment: the choice was made from names. */
function momentProblems({ chosen, candidate, contents }: RestoreCase): readonly Problem[] {
  const { moment } = chosen;
  if (moment === null) return [];
  const { takenAt } = contents;
  const at = renderMoment(takenAt);
  if (isAtOrBefore(takenAt, moment)) {
    const later = chosen.candidates.slice(0, chosen.candidates.indexOf(candidate));
    return later.map(({ backup }) =>
      noted(
        `${backup.name} is passed over: it was taken after ${renderMoment(moment.at)}; this one is of ${at}`,
      ),
    );
  }
  const detail = `${candidate.backup.name} was taken at ${at}, after ${renderMoment(moment.at)}, and there is none before it`;
  return [blocked(detail, `dbops backups ${chosen.environment}`, "BACKUP_UNKNOWN")];
}

function originProblems({
  environment,
  database,
  restore,
  contents,
  target,
  request,
}: RestoreCase): readonly Problem[] {
  const { source } = contents;
  if (contents.environment !== restore.from || contents.database !== database.name)
    return [
      blocked(
        `${restore.backup} says in its manifest that it is ${contents.database} of ${contents.environment}`,
        undefined,
        "MANIFEST_INVALID",
      ),
    ];
  if (restore.from !== environment.name) {
    const careful =
      environment.protected && request.into === null ? ", which is protected: apply asks for its name" : "";
    return [noted(`a backup of ${restore.from} goes into ${environment.name}${careful}`)];
  }
  const isElsewhere =
    source.systemIdentifier !== null &&
    target.systemIdentifier !== null &&
    source.systemIdentifier !== target.systemIdentifier;
  const before =
    source.endpoint === null || source.endpoint === target.endpoint ? "" : ` on ${source.endpoint}`;
  return isElsewhere
    ? [
        noted(
          `${target.endpoint} is not the server that was backed up${before}: its system identifier is another`,
        ),
      ]
    : [];
}

function versionProblems({ contents, target }: RestoreCase): readonly Problem[] {
  const from = majorOf(contents.serverVersion ?? "");
  const to = majorOf(target.serverVersion);
  const { localeProvider = "libc", icuRules = null } = contents.properties ?? {};
  const since =
    localeProvider === "builtin" ? 17 : icuRules !== null ? 16 : localeProvider === "icu" ? 15 : 0;
  const what =
    localeProvider === "builtin" ? "a builtin locale" : icuRules !== null ? "ICU rules" : "an ICU locale";
  return [
    ...(to < since
      ? [
          blocked(
            `the database has ${what}, which PostgreSQL ${to} on ${target.endpoint} does not know; it came with ${since}`,
            `restore to a server of version ${since} or later`,
          ),
        ]
      : []),
    ...(from > to
      ? [
          noted(
            `the backup is of PostgreSQL ${from}, ${target.endpoint} has ${to}: what came after ${to} fails to load, and the restore then stops before the swap`,
            `a server of version ${from} takes it as it is`,
          ),
        ]
      : []),
  ];
}
