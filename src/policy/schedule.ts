import { Cron } from "croner";
import type { Schedule } from "../model/environment.ts";
import { type Instant, instantOf, msOf } from "../model/instant.ts";

/** A backup that began this much before its slot still covers it: clocks differ, cron is early. */
export const SLOT_TOLERANCE_MS = 60_000;

/** Missed slots are counted up to here; beyond it the number tells nobody more. */
export const MISSED_SLOTS_COUNTED = 100;

/** One instant at which a schedule asks for a backup. */
export interface Slot {
  readonly at: Instant;
  /** Name of the schedule. */
  readonly schedule: string;
}

/** The slot that a backup has to cover now. */
export interface DueSlot extends Slot {
  /** Older slots that no backup covers; null when there are none, or when there never was a backup. */
  readonly missed: { readonly count: number; readonly newestAt: Instant } | null;
}

/** The newest slot at or before an instant; null when the schedule never fired. */
export function newestSlot(schedule: Schedule, at: Instant): Instant | null {
  const afterMs = Math.floor(msOf(at) / 1000) * 1000 + 1000; // croner leaves the reference itself out
  return previousSlot(cronOf(schedule), afterMs);
}

/** The first slot after an instant; null when the schedule never fires again. */
export function nextSlot(schedule: Schedule, after: Instant): Instant | null {
  return (
    cronOf(schedule)
      .nextRun(new Date(msOf(after)))
      ?.toISOString() ?? null
  );
}

/** The newest slot at or before an instant over several schedules; of equal ones the first by name. */
export function newestSlotOf(schedules: readonly Schedule[], at: Instant): Slot | null {
  const slots = schedules.flatMap((schedule) => {
    const slotAt = newestSlot(schedule, at);
    return slotAt === null ? [] : [{ at: slotAt, schedule: schedule.name }];
  });
  slots.sort((a, b) => msOf(b.at) - msOf(a.at) || (a.schedule < b.schedule ? -1 : 1));
  return slots[0] ?? null;
}

/**
 * The slot that is due, or null. A backup covers every slot up to its own time and 60 s on, so only the newest slot of
 * all schedules can be due, and one backup covers daily and hourly alike. `covering` are the complete scheduled backups
 * that count: those dated in the future have been left out by the caller.
 */
export function dueSlot(
  schedules: readonly Schedule[],
  covering: readonly { readonly at: Instant }[],
  now: Instant,
): DueSlot | null {
  const newest = newestSlotOf(schedules, now);
  if (newest === null) return null;
  const coveredUntilMs = coveredUntil(covering);
  if (coveredUntilMs === null) return { ...newest, missed: null };
  if (msOf(newest.at) <= coveredUntilMs) return null;
  return { ...newest, missed: missedSlots(schedules, coveredUntilMs, newest.at) };
}

/** Milliseconds since the epoch up to which slots are covered; null: there is no backup. */
function coveredUntil(covering: readonly { readonly at: Instant }[]): number | null {
  let newestMs: number | null = null;
  for (const { at } of covering) newestMs = Math.max(newestMs ?? Number.NEGATIVE_INFINITY, msOf(at));
  return newestMs === null ? null : newestMs + SLOT_TOLERANCE_MS;
}

function missedSlots(schedules: readonly Schedule[], afterMs: number, before: Instant): DueSlot["missed"] {
  const missed = new Set<Instant>();
  for (const schedule of schedules) {
    const cron = cronOf(schedule);
    let slot = previousSlot(cron, msOf(before));
    for (let count = 0; slot !== null && msOf(slot) > afterMs && count < MISSED_SLOTS_COUNTED; count += 1) {
      missed.add(slot);
      slot = previousSlot(cron, msOf(slot));
    }
  }
  const newestAt = [...missed].sort().at(-1);
  return newestAt === undefined ? null : { count: Math.min(missed.size, MISSED_SLOTS_COUNTED), newestAt };
}

/** The newest slot before the reference. */
function previousSlot(cron: Cron, beforeMs: number): Instant | null {
  const slot = cron.previousRuns(1, new Date(beforeMs))[0];
  return slot === undefined ? null : instantOf(slot.getTime());
}

/** croner without a function sets no timer and asks no clock. */
function cronOf(schedule: Schedule): Cron {
  return new Cron(schedule.cron, { timezone: schedule.timezone, mode: "5-part", paused: true });
}
