import type { AcceptedFailure } from "../../model/accepted-before.ts";
import type { ArchiveEntry } from "../../model/archive-contents.ts";
import { isDataEntry } from "../../model/data-entry.ts";

/**
 * What was accepted before, as this archive's entries: the same type, schema, name and owner, whatever their numbers. What
 * fits none of them is gone, what fits several could be another one: neither is accepted, nor is data, nor what is named anyhow.
 */
export function acceptedAgain(
  before: readonly AcceptedFailure[],
  entries: readonly ArchiveEntry[],
  named: ReadonlySet<string>,
): readonly AcceptedFailure[] {
  const byName = Map.groupBy(entries, ({ text }) => withoutNumbers(text));
  const again = before.flatMap(({ entry, plan }) => {
    const [one, another] = byName.get(withoutNumbers(entry)) ?? [];
    if (one === undefined || another !== undefined) return [];
    return isDataEntry(one.text) || named.has(one.text) ? [] : [{ entry: one.text, plan }];
  });
  return again.sort((a, b) => (a.entry < b.entry ? -1 : 1));
}

/** The catalog's and the object's oid. */
function withoutNumbers(text: string): string {
  return text.replace(/^\d+ \d+ /, "");
}
