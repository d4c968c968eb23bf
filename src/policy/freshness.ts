import type { Schedule } from "../model/environment.ts";
import { type Instant, instantOf, msOf } from "../model/instant.ts";
import { byNewest, coversSlots, type RestorePoint } from "./retention.ts";
import { newestSlotOf, nextSlot, SLOT_TOLERANCE_MS, type Slot } from "./schedule.ts";

/** A backup takes time: a slot may stay uncovered this long, or half the time to the next slot if that is less. */
export const LONGEST_GRACE_MS = 3_600_000;

/** How recent the newest restore point of one database in one store is. */
export interface Freshness {
  /** `unscheduled`: no schedule asks for a backup, so none can be overdue. */
  readonly state: "fresh" | "overdue" | "unscheduled";
  /** The newest restore point of any origin; null: there is none. */
  readonly newest: { readonly name: string; readonly at: Instant } | null;
  /** The newest slot that should be covered and is not; null when it is not overdue. */
  readonly overdueSlot: Slot | null;
}

/**
 * Judges one listing against the schedules: overdue when the newest slot whose grace time is over has no complete
 * scheduled backup. `points` are complete and not dated in the future.
 */
export function freshness(
  schedules: readonly Schedule[],
  points: readonly Pick<RestorePoint, "name" | "at" | "origin">[],
  now: Instant,
): Freshness {
  const newestFirst = [...points].sort(byNewest);
  const newest = newestFirst[0] === undefined ? null : { name: newestFirst[0].name, at: newestFirst[0].at };
  const slot = slotPastGrace(schedules, now);
  if (slot === null) return { state: "unscheduled", newest, overdueSlot: null };
  const covering = newestFirst.find(coversSlots);
  const isCovered = covering !== undefined && msOf(covering.at) + SLOT_TOLERANCE_MS >= msOf(slot.at);
  return { state: isCovered ? "fresh" : "overdue", newest, overdueSlot: isCovered ? null : slot };
}

/** The newest slot whose grace is over; the one before it always is, because grace is at most half an interval. */
function slotPastGrace(schedules: readonly Schedule[], now: Instant): Slot | null {
  const slot = newestSlotOf(schedules, now);
  if (slot === null || msOf(slot.at) + graceOf(schedules, slot) <= msOf(now)) return slot;
  return newestSlotOf(schedules, instantOf(msOf(slot.at) - 1000));
}

function graceOf(schedules: readonly Schedule[], slot: Slot): number {
  const next = schedules.map((schedule) => nextSlot(schedule, slot.at)).filter((at) => at !== null);
  const intervals = next.map((at) => (msOf(at) - msOf(slot.at)) / 2);
  return Math.min(LONGEST_GRACE_MS, ...intervals);
}
