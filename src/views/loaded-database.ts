import type { Facts } from "../model/audit-entry.ts";
import { printable } from "./printable.ts";
import { bytesText, countText, rateText } from "./quantities.ts";

/** What a load's facts say, one thing a line: how much, what failed and was tolerated, what pg_restore warned of. */
export function loadedTexts(facts: Facts | null, tookMs: number | null): readonly string[] {
  const { bytes, tables, failures, warnings } = facts ?? {};
  const amounts = [
    ...(typeof tables === "number" ? [countText(tables, "table")] : []),
    ...(typeof bytes === "number" ? [`${bytesText(bytes)} loaded`] : []),
    ...(typeof bytes === "number" && tookMs !== null && tookMs >= 1000
      ? [rateText((bytes * 1000) / tookMs)]
      : []),
  ];
  return [
    ...(amounts.length === 0 ? [] : [amounts.join(", ")]),
    ...listOf(failures).map((one) => printable(`tolerated: ${entryOf(one)}`)),
    ...warningTexts({ warnings }),
  ];
}

/** What a step warned of though it is done, one thing a line. */
export function warningTexts(facts: Facts | null): readonly string[] {
  return listOf(facts?.["warnings"]).map((one) => printable(`warning: ${String(one)}`));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entryOf(failure: unknown): string {
  if (typeof failure !== "object" || failure === null) return String(failure);
  const { entry, message } = failure as { entry?: unknown; message?: unknown }; // both only shown
  return `${String(entry)}: ${String(message)}`;
}
