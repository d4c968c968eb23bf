import type { Instant } from "../../model/instant.ts";
import { nextSlot } from "../../policy/schedule.ts";
import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf, shown } from "../finding.ts";
import { nearest } from "../suggestion.ts";

/** Every schedule must be five fields of crontab(5) that fire at some time, in a time zone that exists. */
export function scheduleRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((database) => {
    const path = ["databases", database, "backup", "schedules"];
    return draft
      .keys(path)
      .flatMap((name) => [
        ...cronFindings(draft, [...path, name, "cron"]),
        ...timezoneFindings(draft, [...path, name, "timezone"]),
      ]);
  });
}

/** What is wrong with a cron expression; null when it fires at some time. The same answer on every day. */
export function cronFault(cron: string): string | null {
  const fields = cron.trim().split(/\s+/);
  if (fields[0]?.startsWith("@") === true) return `${fields[0]} is not supported; write five fields`;
  if (fields.length !== 5)
    return `it has ${fields.length} fields; five are needed: minute hour day month weekday`;
  if (!/^[0-9A-Za-z*,/\s-]*$/.test(cron))
    return "only digits, names of months and days, and * , - / are known";
  if (/(^|[\s,])(\d*[LW]|LW)(?=$|[\s,])/i.test(cron)) return "L and W are not part of crontab(5)";
  try {
    const slot = nextSlot({ name: "", cron, timezone: "UTC" }, REFERENCE);
    return slot === null ? "it never fires: there is no such day" : null;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** The first day of a leap year, of a month and of an ISO week. */
const REFERENCE: Instant = "2024-01-01T00:00:00.000Z";

function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/^CronPattern: /, "").replace(/^./, (first) => first.toLowerCase());
}

function cronFindings(draft: Draft, path: Path): readonly Finding[] {
  const cron = draft.part<string>(path);
  const fault = cron === null ? null : cronFault(cron);
  return fault === null
    ? []
    : [{ path, at: "value", detail: `${placeOf(path)}: ${shown(cron)} is not valid: ${fault}` }];
}

function timezoneFindings(draft: Draft, path: Path): readonly Finding[] {
  const timezone = draft.part<string>(path);
  if (timezone === null || isTimezone(timezone)) return [];
  const meant = nearest(timezone, ["UTC", ...Intl.supportedValuesOf("timeZone")]);
  const hint = meant === null ? "; write an IANA name such as Europe/Berlin" : `; did you mean ${meant}?`;
  return [{ path, at: "value", detail: `${placeOf(path)}: ${shown(timezone)} is no time zone${hint}` }];
}

/** An IANA name; offsets such as +02:00 are refused, because they know no summer time. */
export function isTimezone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false; // a RangeError: there is no such zone
  }
}
