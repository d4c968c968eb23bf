/** A place in a file that a person can jump to; line and column count from 1. */
export interface Where {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Something that is not as it must be, as data: collected, journaled and rendered, never parsed.
 * `summary` is constant for a code and names nothing; `detail` has the names and values;
 * `fix` is the next command to type, or the next thing to do.
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  readonly fix?: string;
  readonly where?: Where;
  /** Whether only another plan can get past it; not given: as its code says, see `isFinal`. */
  readonly final?: boolean;
}

/** Every code with the constant sentence that people see after `error:`. */
export const SUMMARIES = {
  INTERNAL: "this is a bug in dbops",
  USAGE: "the command line is not valid",
  CONFIG_INVALID: "the environment file is not valid",
  CONFIG_UNREADABLE: "the environment file cannot be read",
  SECRET_UNAVAILABLE: "a secret cannot be had",
  STORE_UNREADABLE: "a store cannot be read",
  STORE_UNMARKED: "a store carries no mark of dbops",
  STORE_FOREIGN: "a store belongs to another environment",
  STORE_UNWRITABLE: "a store cannot be written",
  STORE_FULL: "a store has no space left",
  STORE_CONDITIONS: "a store does not honour conditional writes",
  OBJECT_MISSING: "an object is missing",
  OBJECT_DAMAGED: "an object is cut off, damaged or not what it should be",
  OBJECT_EXISTS: "an object exists already",
  MANIFEST_INVALID: "a manifest cannot be understood",
  DATABASE_UNREACHABLE: "a database cannot be reached",
  DATABASE_AUTHENTICATION: "a database refused the user or the password",
  DATABASE_MISSING: "a database does not exist",
  DATABASE_MISMATCH: "a database is not the planned one",
  RIGHTS_MISSING: "the backup role may not read everything",
  TOOL_MISSING: "a program is missing",
  TOOL_TOO_OLD: "a program is too old for the server",
  TEMP_UNUSABLE: "no temporary folder can be used",
  DUMP_FAILED: "the dump failed",
  DUMP_WARNINGS: "the dump left things out",
  ADMIN_RIGHTS_MISSING: "the admin role may not do what a restore needs",
  RESTORE_FAILED: "a restore could not go on",
  LOAD_FAILED: "a backup could not be loaded",
  RESTORE_BLOCKED: "a restore would not work as it is planned",
  RESTORE_NOTICE: "what to know before the restore",
  REPLACED_KEPT: "a database that a restore replaced is still there",
  RESTORE_INCOMPLETE: "a restored database is not what was backed up",
  CHECK_FAILED: "a declared check is not true",
  SCHEMA_MISMATCH: "the schema does not fit",
  DATABASE_EXISTS: "a database of that name exists already",
  SWAP_FAILED: "the databases could not be swapped",
  HTTP_UNREACHABLE: "a URL does not answer",
  IDENTITY_MISSING: "no identity can open the backup",
  CIPHER_FAILED: "an encrypted stream cannot be opened",
  CLOCK_AHEAD: "a backup is dated in the future",
  SLOT_MISSED: "scheduled backups were missed",
  BACKUP_INCOMPLETE: "a backup is not complete",
  BACKUP_UNKNOWN: "no such backup",
  BACKUP_OVERDUE: "the newest backup is too old",
  ORPHANED: "backups of a database that is in no file",
  PRUNE_REFUSED: "a deletion is not safe",
  PRUNE_TOO_LARGE: "a plan would delete more than half of the backups",
  PLAN_INVALID: "the plan file cannot be understood",
  PLAN_EDITED: "the plan was edited",
  PLAN_EXPIRED: "the plan has expired",
  PLAN_APPLIED: "the plan was applied already",
  PLAN_STALE: "the world is not as the plan expects",
  PLAN_NOT_FOUND: "there is no such plan",
  TARGET_CHANGED: "a target is not the one the plan was made for",
  LOCKED: "another run holds the lock",
  LOCK_LOST: "the lock was lost",
  JOURNAL_TAKEN: "another run wrote to the journal",
  JOURNAL_BROKEN: "the journal is not consistent",
  CONFIRMATION_NEEDED: "the plan needs a confirmation",
  STEP_FAILED: "a step failed",
  INTERRUPTED: "the run was interrupted",
  NOT_AUTOMATIC: "a step needs a person",
} as const;

export type ProblemCode = keyof typeof SUMMARIES;

/** Builds a Problem; the summary comes from the code. */
export function problem(
  code: ProblemCode,
  detail: string,
  more: More & { severity?: "error" | "warning" } = {},
): Problem {
  return {
    code,
    severity: more.severity ?? "error",
    summary: SUMMARIES[code],
    detail,
    ...(more.fix === undefined ? {} : { fix: more.fix }),
    ...(more.where === undefined ? {} : { where: more.where }),
    ...(more.final === undefined ? {} : { final: more.final }),
  };
}

/** What a problem may have beside its code and its detail. */
export interface More {
  readonly fix?: string | undefined;
  readonly where?: Where | undefined;
  readonly final?: boolean;
}

/** True where carrying out the same plan again meets the same refusal: what it counts on is no longer so. */
export function isFinal({ code, final }: Problem): boolean {
  return final ?? FINAL.has(code);
}

const FINAL: ReadonlySet<ProblemCode> = new Set([
  "PLAN_INVALID",
  "PLAN_EDITED",
  "PLAN_EXPIRED",
  "PLAN_APPLIED",
  "PLAN_STALE",
  "TARGET_CHANGED",
  "RESTORE_INCOMPLETE",
]);
