import type { AuditEntry, AuditEvent, Facts } from "../model/audit-entry.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readBackwards } from "./journal.ts";
import type { JournalHead } from "./lock-file.ts";

/** What the journals say about the steps of one plan, over all its attempts. */
export class History {
  readonly #steps = new Map<string, { facts: Facts | null; ended: boolean }>();
  readonly #evidence = new Map<string, string>();
  readonly #applied = new Set<string>();
  readonly #attempts = new Map<string, number>();
  #hasBegun = false;

  /** True when any of its steps has begun; an attempt that only took its locks has changed nothing. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** How many times the plan was begun, in the scope where it was begun most often. */
  get attempts(): number {
    return Math.max(0, ...this.#attempts.values());
  }

  /** How many times the plan was begun in one scope. */
  attemptsIn(scope: string): number {
    return this.#attempts.get(scope) ?? 0;
  }

  hasEnded(step: string): boolean {
    return this.#steps.get(step)?.ended ?? false;
  }

  /** All facts that the step noted, the later over the earlier; null when it noted none. */
  facts(step: string): Facts | null {
    return this.#steps.get(step)?.facts ?? null;
  }

  /** Why a step ended without an effect of its own; null when it had one, or has not ended. */
  evidence(step: string): string | null {
    return this.#evidence.get(step) ?? null;
  }

  isApplied(scope: string): boolean {
    return this.#applied.has(scope);
  }

  /** Takes in the events of one entry, which must be newer than all before of the same scope. */
  record(scope: string, events: readonly AuditEvent[]): void {
    for (const event of events) {
      if (event.event === "begin" || event.event === "noted" || event.event === "end") this.#hasBegun = true;
      if (event.event === "plan") this.#attempts.set(scope, event.attempt);
      if (event.event === "applied") this.#applied.add(scope);
      if (event.event === "noted") this.#merge(event.step, event.facts, false);
      if (event.event === "end") this.#merge(event.step, event.facts, true);
      if (event.event === "end" && event.evidence !== undefined)
        this.#evidence.set(event.step, event.evidence);
    }
  }

  #merge(step: string, facts: Facts, ended: boolean): void {
    const before = this.#steps.get(step);
    this.#steps.set(step, {
      facts: { ...before?.facts, ...facts },
      ended: ended || (before?.ended ?? false),
    });
  }
}

/**
 * Reads into `history` what the journal of a scope says about a plan, back to entry `after`, which stood there before the
 * plan was stored. Entries are dated by the hosts that wrote them, and no host knows another's clock: dates end nothing.
 */
export async function recall(
  history: History,
  source: { readonly store: ObjectStore; readonly scope: string; readonly head: JournalHead | null },
  plan: { readonly plan: string; readonly after: number },
  signal: AbortSignal,
): Promise<void> {
  const mine: AuditEntry[] = [];
  for await (const entry of readBackwards(source.store, source.scope, source.head, signal)) {
    if (entry.number <= plan.after) break;
    if (entry.plan === plan.plan) mine.push(entry);
  }
  for (const entry of mine.reverse()) history.record(source.scope, entry.events);
}
