import { instantOf } from "../../model/instant.ts";
import { nextSlot } from "../../policy/schedule.ts";
import type { RetentionInFile, ScheduleInFile } from "../database-in-file.ts";
import type { Draft } from "../draft.ts";
import { DAY_MS, parseDuration } from "../duration.ts";
import { type Finding, type Path, placeOf } from "../finding.ts";
import { cronFault, isTimezone } from "./schedule-rules.ts";

/** A rule that can never decide what is kept is a mistake: who wrote it believes in backups that will not be there. */
export function retentionRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((database) => {
    const backup = ["databases", database, "backup"];
    const schedules = schedulesAt(draft, [...backup, "schedules"]);
    return retentionPaths(draft, backup).flatMap((path) => {
      const retention = draft.part<RetentionInFile>(path);
      return retention === null ? [] : [...idle(retention, path), ...shadowed(retention, schedules, path)];
    });
  });
}

const BUCKETS = ["daily", "weekly", "monthly", "yearly"] as const;
type Bucket = (typeof BUCKETS)[number];

/** The longest that a bucket can be. */
const LONGEST_DAYS: Readonly<Record<Bucket, number>> = { daily: 1, weekly: 7, monthly: 31, yearly: 366 };

/** What the schedules are, or that it cannot be told because of other mistakes. */
type Schedules = readonly ScheduleInFile[] | "faulty";

function schedulesAt(draft: Draft, path: Path): Schedules {
  const schedules: ScheduleInFile[] = [];
  if (draft.value(path) !== undefined && draft.part(path) === null) return "faulty";
  for (const name of draft.keys(path)) {
    const schedule = draft.part<ScheduleInFile>([...path, name]);
    if (schedule === null || cronFault(schedule.cron) !== null || !isTimezone(schedule.timezone ?? "UTC"))
      return "faulty";
    schedules.push(schedule);
  }
  return schedules;
}

function retentionPaths(draft: Draft, backup: Path): readonly Path[] {
  const stores = [...backup, "stores"];
  const overrides = Array.from({ length: draft.count(stores) }, (_, index) => [...stores, index]).flatMap(
    (entry) => draft.keys(entry).map((name) => [...entry, name, "retention"]),
  );
  return [[...backup, "retention"], ...overrides];
}

/** `atLeast` and `keepOthers` only soften other rules; alone they look as if they pruned something. */
function idle(retention: RetentionInFile, path: Path): readonly Finding[] {
  if (retention.within !== undefined || BUCKETS.some((bucket) => (retention[bucket] ?? 0) > 0)) return [];
  return (["atLeast", "keepOthers"] as const)
    .filter((key) => retention[key] !== undefined)
    .map((key) =>
      never([...path, key], "without within, daily, weekly, monthly or yearly everything is kept for ever"),
    );
}

function shadowed(retention: RetentionInFile, schedules: Schedules, path: Path): readonly Finding[] {
  if (schedules === "faulty") return [];
  return BUCKETS.filter((bucket) => (retention[bucket] ?? 0) > 0).flatMap((bucket) => {
    const why = schedules.length === 0 ? UNSCHEDULED : shadowOf(bucket, retention, schedules);
    return why === null ? [] : [never([...path, bucket], why)];
  });
}

const UNSCHEDULED = "it counts scheduled backups, and there is no schedule";

function never(path: Path, why: string): Finding {
  return { path, at: "key", detail: `${placeOf(path)} can never decide: ${why}` };
}

/** Why everything that a bucket rule keeps is kept by another one anyway, while backups are made as scheduled; or null. */
function shadowOf(
  bucket: Bucket,
  retention: RetentionInFile,
  schedules: readonly ScheduleInFile[],
): string | null {
  const count = retention[bucket] ?? 0;
  const finer = BUCKETS.slice(0, BUCKETS.indexOf(bucket)).filter((one) => (retention[one] ?? 0) > 0);
  const rules = [...(retention.within === undefined ? [] : ["within"]), ...finer];
  if (count === 1 && rules[0] !== undefined) return `${rules[0]} keeps the newest backup already`;
  const longestDays = LONGEST_DAYS[bucket] * count;
  if (retention.within !== undefined && longestDays * DAY_MS <= parseDuration(retention.within)) {
    return firesIn(bucket, schedules)
      ? `within: ${retention.within} keeps everything of that time already`
      : null;
  }
  if (bucket !== "daily" && longestDays <= (retention.daily ?? 0) && firesIn("daily", schedules)) {
    return `daily: ${retention.daily} keeps the last backup of every day of that time already`;
  }
  if (bucket === "yearly" && count * 12 <= (retention.monthly ?? 0) && firesIn("monthly", schedules)) {
    return `monthly: ${retention.monthly} keeps the last backup of every month of that time already`;
  }
  return null;
}

/** True when the schedules fire in each bucket (UTC) of a fixed leap year, or in each of five years. */
function firesIn(bucket: Bucket, schedules: readonly ScheduleInFile[]): boolean {
  const endOfAllMs = Date.UTC(bucket === "yearly" ? 2029 : 2025, 0, 1);
  for (let index = 0; startOf(bucket, index) < endOfAllMs; index += 1) {
    const startMs = startOf(bucket, index);
    const endMs = startOf(bucket, index + 1);
    const fires = schedules.some(({ cron, timezone }) => {
      const slot = nextSlot({ name: "", cron, timezone: timezone ?? "UTC" }, instantOf(startMs - 1000));
      return slot !== null && Date.parse(slot) < endMs;
    });
    if (!fires) return false;
  }
  return true;
}

const START_MS = Date.UTC(2024, 0, 1); // a Monday

function startOf(bucket: Bucket, index: number): number {
  if (bucket === "monthly") return Date.UTC(2024, index, 1);
  if (bucket === "yearly") return Date.UTC(2024 + index, 0, 1);
  return START_MS + index * LONGEST_DAYS[bucket] * DAY_MS;
}
