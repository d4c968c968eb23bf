import { type Instant, instantOf, msOf } from "../model/instant.ts";
import type { MadeDatabase, MadeNote } from "../model/restore-target.ts";
import type { BackupReference, Step } from "../model/step.ts";
import { renderDuration } from "../policy/calendar.ts";
import { completeIn } from "../policy/union.ts";
import { type Problem, problem } from "../problems/problem.ts";
import type { DatabaseView } from "./database-view.ts";
import { type Draft, joinDrafts, NOTHING } from "./draft.ts";
import { madeBy, newBackupFor, type Occasion, obstacleTo } from "./due-backup.ts";
import { type LeftRestore, leftPins, leftRestore } from "./left-restore.ts";
import { renderInstant } from "./naming.ts";
import { keptPrefix, layoutOf, newBackupSteps, newVerifyId, uploadId } from "./new-backup.ts";
import { renderSize } from "./restore/amounts.ts";
import { decideStore } from "./store-decision.ts";

export interface KeptOptions {
  /** Drop what is there without a backup of it. */
  readonly discard: boolean;
  /** Why nothing of this database is deleted; empty: nothing is against it. */
  readonly blockers: readonly string[];
  /** The step that ends the backup of this plan, which goes first; null: it makes none. */
  readonly after: string | null;
}

/**
 * What restores of a database left on its server. What one replaced is dropped when its grace is over: by then nobody could write
 * to it any more, so a backup made now is all that it holds, and the drop counts on that one. What one never
 * finished is only told: a plan that was begun can go on with it at any time; who discards says that nobody wants to.
 */
export function retireKept(view: DatabaseView, options: KeptOptions): Draft {
  const { observed, environment, database } = view;
  if (observed?.state !== "reachable") return NOTHING;
  let { after } = options;
  const drafts = (observed.made ?? []).flatMap((made) => {
    const { note } = made;
    if (note === null || note.environment !== environment.name || note.database !== database.name) return [];
    const draft = retire(view, { made, note }, { ...options, after });
    after = draft.steps.find((one) => one.kind === "upload")?.id ?? after;
    return [draft];
  });
  const pins = leftPins(view, observed.made ?? []).map(({ detail, fix }) =>
    problem("REPLACED_KEPT", detail, { severity: "warning", fix }),
  );
  return joinDrafts([...drafts, { ...NOTHING, notices: pins }]);
}

interface Kept {
  readonly made: MadeDatabase;
  readonly note: MadeNote;
}

function retire(view: DatabaseView, kept: Kept, options: KeptOptions): Draft {
  const { note } = kept;
  const told = (why: string, fix?: string) => ({ ...NOTHING, notices: [keptNotice(kept, why, fix)] });
  const left = leftRestore(view, kept.made, note);
  if (note.state !== "old" && !options.discard)
    return told(`nothing drops it by itself${left.held}`, left.fix);
  if (note.state === "old" && note.replacedAt === null)
    return told(
      "its comment does not say since when",
      `when nobody needs it any more: DROP DATABASE ${kept.made.name};`,
    );
  const until = graceEnd(view, note);
  if (until !== null && msOf(view.nowAt) <= msOf(until))
    return told(`it is kept until ${renderInstant(until)}`);
  const obstacle = obstacleFor(view, kept, options);
  if (obstacle !== null) return told(`it is not dropped: ${obstacle.why}`, obstacle.fix);
  if (options.discard)
    return { ...NOTHING, steps: [dropStep(view, kept, null)], notices: staysHeld(kept, left) };
  return { ...NOTHING, steps: [...backupSteps(view, kept, options)] };
}

/** null for what nothing was replaced by. */
function graceEnd({ database }: DatabaseView, { replacedAt }: MadeNote): Instant | null {
  return replacedAt === null ? null : instantOf(msOf(replacedAt) + database.restore.graceMs);
}

function obstacleFor(
  view: DatabaseView,
  { note }: Kept,
  { blockers, discard }: KeptOptions,
): { readonly why: string; readonly fix?: string } | null {
  const { database, environment } = view;
  if (database.admin === null)
    return {
      why: `${database.name} has no admin, the role that can`,
      fix: `add to databases.${database.name} in ${environment.file}: admin: { user: postgres, password: { env: ADMIN_PASSWORD } }`,
    };
  const [blocker] = blockers;
  if (blocker !== undefined) return { why: blocker };
  if (!discard && layoutOf(database.backup.format) === "classic" && knownBackup(view, note) === null)
    return {
      why: `${database.name} has format: sql, whose files cannot say that they are of what was replaced`,
      fix: `write format: archive in ${environment.file} until it is dropped, or drop it without a backup:\ndbops plan ${environment.name} --discard`,
    };
  const barred = discard ? null : obstacleTo(view, database.backup.stores[0]?.store ?? "");
  return barred === null ? null : { why: `no backup of it can be made: ${barred}` };
}

/** The backup of an earlier plan whose drop did not come through, or else a new one; the drop counts on it. */
function backupSteps(view: DatabaseView, kept: Kept, { after }: KeptOptions): readonly Step[] {
  const { database } = view;
  const prefix = keptPrefix(database.name, kept.made.name);
  const known = knownBackup(view, kept.note);
  if (known === null) {
    const made = newBackupOf(view, kept).map((step) =>
      step.kind === "dump" && after !== null ? { ...step, after: [after] } : step,
    );
    return [...made, dropStep(view, kept, { made: uploadId(prefix) })];
  }
  return [
    {
      id: newVerifyId(prefix, null),
      kind: "verify",
      type: "backup",
      effect: "none",
      why: `it has all that ${kept.made.name} holds`,
      needs: [],
      after: [],
      database: database.name,
      backup: { existing: known.name },
      store: known.store,
      deep: false,
    },
    dropStep(view, kept, { existing: known.name }),
  ];
}

function knownBackup(view: DatabaseView, { keptAs }: MadeNote): { name: string; store: string } | null {
  if (keptAs === undefined) return null;
  const found = view.stores.find((one) => completeIn(one, keptAs)?.layout === "directory");
  return found === undefined ? null : { name: keptAs, store: found.store };
}

function newBackupOf(view: DatabaseView, { made }: Kept): readonly Step[] {
  const occasion: Occasion = {
    store: view.database.backup.stores[0]?.store ?? "",
    origin: "safety",
    slotAt: null,
    label: `${made.name} before it is dropped`,
    hold: null,
    why: "all that it holds: nobody could write to it since it was replaced",
  };
  const point = madeBy(view, occasion);
  const decisions = view.stores.map((one) => decideStore(view, one, point));
  const { name, oid, sizeBytes } = made;
  const backup = newBackupFor(view, occasion, decisions);
  return newBackupSteps({ ...backup, of: { name, oid }, bytes: sizeBytes ?? backup.bytes });
}

function dropStep(view: DatabaseView, kept: Kept, backup: BackupReference | null): Step {
  const { made, note } = kept;
  const database = view.database.name;
  const prefix = keptPrefix(database, made.name);
  const over =
    note.state === "old" ? `, its grace of ${renderDuration(view.database.restore.graceMs)} is over` : "";
  const frees = made.sizeBytes === null ? "" : `; frees ${renderSize(made.sizeBytes)}`;
  const given = backup === null ? "; given up without a backup, as asked" : "";
  return {
    id: `${prefix}.drop`,
    kind: "drop",
    effect: "destroy",
    pointOfNoReturn: true,
    why: `${whatItIs(note)}${over}${frees}${given}`,
    needs: backup === null ? [] : [newVerifyId(prefix, null)],
    after: [],
    database,
    name: made.name,
    expect: { oid: made.oid, backup },
  };
}

function keptNotice({ made, note }: Kept, why: string, fix?: string): Problem {
  const size = made.sizeBytes === null ? "" : ` takes ${renderSize(made.sizeBytes)} and`;
  return problem("REPLACED_KEPT", `${made.name}${size} is ${whatItIs(note)}; ${why}`, {
    severity: "warning",
    fix,
  });
}

/** Once its side database is gone, nothing else tells of the hold. */
function staysHeld({ note, made }: Kept, { held }: LeftRestore): readonly Problem[] {
  if (held === "") return [];
  return [
    problem("REPLACED_KEPT", `${made.name} is dropped, and its hold is not ended${held}`, {
      severity: "warning",
      fix: `dbops plan ${note.environment} release ${note.backup}`,
    }),
  ];
}

function whatItIs({ state, backup, replacedAt }: MadeNote): string {
  if (state === "old")
    return `what ${backup} replaced${replacedAt === null ? "" : ` on ${renderInstant(replacedAt)}`}`;
  if (state === "partial") return `a restore of ${backup} that was loaded but for what failed`;
  return state === "loaded"
    ? `a restore of ${backup} that was loaded and not swapped in`
    : `a restore of ${backup} that did not finish loading, or still does`;
}
