import type { AcceptedFailure } from "../model/accepted-before.ts";
import type { AuditEntry } from "../model/audit-entry.ts";
import { isDataEntry } from "../model/data-entry.ts";
import { planKey, restoreScope } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import type { LoadStep } from "../model/restore-steps.ts";
import type { Step } from "../model/step.ts";
import { parsePlan } from "../plan/plan-file.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readText } from "../ports/read-object.ts";
import { DbopsError } from "../problems/dbops-error.ts";
import { History } from "./history.ts";
import { findHead, readBackwards, readForwards } from "./journal.ts";
import { readLock } from "./lock-file.ts";
import { type PlanStart, parsePlanStart } from "./plan-start.ts";

/** Restores that read the same backups and gave the same database. */
export interface SameRestore {
  readonly database: string;
  /** The environment whose backup it is. */
  readonly from: string;
  readonly endpoint: string;
  /** The name on the server that it gets. */
  readonly live: string;
}

/** A journal has a dozen entries for each restore: what lies further back is named anew. */
const MOST_ENTRIES = 256;
/** Until its swap a plan shares the database's own journal with hardly anybody. */
const MOST_TO_SWAP = 128;

/**
 * The failures that the last restore of this kind which ended well was told to tolerate and met; data is never among them.
 * Where the journal does not say what it met, as for one that took over what another plan had loaded, all that it tolerated. Empty where there
 * was none, or it tolerated nothing. Throws when the records cannot be read.
 */
export async function readAcceptedBefore(
  store: ObjectStore,
  same: SameRestore,
  signal: AbortSignal,
): Promise<readonly AcceptedFailure[]> {
  const restores = new Restores(restoreScope(same.database));
  let read = 0;
  for await (const entry of readScope(store, restores.scope, signal)) {
    const ended = restores.take(entry);
    for (const { plan: digest, history } of ended) {
      const stored = await readStored(store, digest, signal);
      if (stored === null || !isSame(stored.plan, same)) continue;
      if (await isSwapped(store, { ...stored, database: same.database }, signal))
        return acceptedIn(stored.plan, history);
    }
    read += 1;
    if (read === MOST_ENTRIES) break;
  }
  return [];
}

async function* readScope(
  store: ObjectStore,
  scope: string,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry> {
  const lock = await readLock(store, scope, signal);
  const head = await findHead(store, scope, lock?.file.head ?? null, signal);
  yield* readBackwards(store, scope, head, signal);
}

interface EndedRestore {
  readonly plan: string;
  readonly history: History;
}

/** Puts entries, the newest first, together again by plan. */
class Restores {
  readonly scope: string;
  /** Newest first, by plan. */
  readonly #entries = new Map<string, AuditEntry[]>();
  /** Plans of which every step in this journal ended well, in the order in which they ended, the last first. */
  #applied: string[] = [];
  readonly #whole = new Set<string>();

  constructor(scope: string) {
    this.scope = scope;
  }

  /** Restores that ended well and of which every entry is known now, in the order in which they ended, the last first. */
  take(entry: AuditEntry): readonly EndedRestore[] {
    const { plan, events } = entry;
    this.#entries.set(plan, [...(this.#entries.get(plan) ?? []), entry]);
    if (events.some((one) => one.event === "applied")) this.#applied.push(plan);
    if (events.some((one) => one.event === "plan" && one.attempt === 1)) this.#whole.add(plan);
    const waiting = this.#applied.findIndex((one) => !this.#whole.has(one));
    const ended = waiting === -1 ? this.#applied : this.#applied.slice(0, waiting);
    this.#applied = this.#applied.slice(ended.length);
    return ended.map((one) => ({ plan: one, history: this.#historyOf(one) }));
  }

  #historyOf(plan: string): History {
    const history = new History();
    const entries = this.#entries.get(plan) ?? [];
    for (const { events } of entries.toReversed()) history.record(this.scope, events);
    return history;
  }
}

interface StoredPlan {
  readonly plan: Plan;
  readonly start: PlanStart;
}

/** null: it is not kept, or another one lies under its digest. */
async function readStored(
  store: ObjectStore,
  digest: string,
  signal: AbortSignal,
): Promise<StoredPlan | null> {
  try {
    const text = await readText(store, planKey(digest), signal);
    const plan = parsePlan(text, `plan ${digest.slice(0, 12)}`);
    return plan.plan === digest ? { plan, start: parsePlanStart(text) } : null;
  } catch (error) {
    if (error instanceof DbopsError && error.is("OBJECT_MISSING")) return null;
    throw error;
  }
}

function isSame(plan: Plan, { database, from, endpoint, live }: SameRestore): boolean {
  const target = plan.targets.databases[database];
  return (
    target?.endpoint === endpoint &&
    target.database === live &&
    plan.steps.some((step) => step.kind === "download" && step.from === from)
  );
}

/** It takes the database's lock, and so is in another journal, soon behind where that stood when the plan was stored. */
async function isSwapped(
  store: ObjectStore,
  { plan, start, database }: StoredPlan & { readonly database: string },
  signal: AbortSignal,
): Promise<boolean> {
  const swaps = new Set(plan.steps.filter(takesPlace).map(({ id }) => id));
  const lock = await readLock(store, database, signal);
  const head = await findHead(store, database, lock?.file.head ?? null, signal);
  const first = (start.get(database) ?? 0) + 1;
  const last = Math.min(head?.n ?? 0, first + MOST_TO_SWAP - 1);
  for await (const entry of readForwards(store, database, { first, last }, signal)) {
    if (entry.plan !== plan.plan) continue;
    if (entry.events.some((one) => one.event === "end" && swaps.has(one.step))) return true;
  }
  return false;
}

/** The step with which what was restored takes the place of what was there. */
function takesPlace(step: Step): boolean {
  return step.kind === "swap" && (step.type === "database" || step.direction === "keep");
}

function acceptedIn(plan: Plan, history: History): readonly AcceptedFailure[] {
  return plan.steps.flatMap((step) => (step.kind === "load" ? acceptedBy(step, { plan, history }) : []));
}

function acceptedBy(
  step: LoadStep,
  { plan, history }: { readonly plan: Plan; readonly history: History },
): readonly AcceptedFailure[] {
  const failed = failedEntries(history.facts(step.id)?.["failures"]);
  const before = new Map(step.acceptedBefore?.map((one) => [one.entry, one.plan]));
  return step.tolerate
    .filter((entry) => !isDataEntry(entry) && (failed === null || failed.has(entry)))
    .map((entry) => ({ entry, plan: before.get(entry) ?? plan.plan }));
}

/** null: the journal does not say. */
function failedEntries(failures: unknown): ReadonlySet<unknown> | null {
  if (!Array.isArray(failures)) return null;
  return new Set(failures.map((one: { readonly entry?: unknown } | null) => one?.entry));
}
