import type { Report } from "../model/report.ts";
import { appliedText, type ElapsedMs } from "./applied-text.ts";
import { auditedText, verifiedText } from "./audit-text.ts";
import { backupsText } from "./backups-text.ts";
import { diagnosedText } from "./diagnosed-text.ts";
import { lockBrokenText, locksText } from "./locks-text.ts";
import type { Paint } from "./paint.ts";
import { plannedText } from "./planned-text.ts";
import { rehearsedText } from "./rehearsed-text.ts";
import { setupText } from "./setup-text.ts";
import { shownText } from "./shown-text.ts";
import { checkedText, statusText } from "./status-text.ts";
import type { Text } from "./text.ts";

/** What a report's text depends on beside the report. */
export interface TextOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
  /** For ages. */
  readonly nowMs: number;
  readonly elapsedMs: ElapsedMs;
}

/** Any report as text for people. */
export function reportText(report: Report, options: TextOptions): Text {
  const { paint, verbose, nowMs, elapsedMs } = options;
  switch (report.kind) {
    case "initialised":
    case "marked":
    case "validated":
    case "observed":
      return setupText(report);
    case "planned":
      return plannedText(report, paint, verbose);
    case "shown":
      return shownText(report.plan, paint);
    case "rehearsed":
      return rehearsedText(report, paint);
    case "applied":
      return appliedText(report.applied, paint, elapsedMs);
    case "backups":
      return backupsText(report, paint, nowMs);
    case "status":
      return statusText(report, paint);
    case "checked":
      return checkedText(report, paint);
    case "audited":
      return auditedText(report);
    case "audit-verified":
      return verifiedText(report, paint);
    case "locks":
      return locksText(report);
    case "lock-broken":
      return lockBrokenText(report);
    case "diagnosed":
      return diagnosedText(report, paint);
  }
}

/** True for what a person asked to read; the rest only tells what was done, and --quiet leaves it out. */
export function isAnswer(report: Report): boolean {
  switch (report.kind) {
    case "shown":
    case "backups":
    case "status":
    case "audited":
    case "audit-verified":
    case "locks":
    case "diagnosed":
      return true;
    case "initialised":
    case "marked":
    case "validated":
    case "observed":
    case "planned":
    case "rehearsed":
    case "applied":
    case "checked":
    case "lock-broken":
      return false;
  }
}
