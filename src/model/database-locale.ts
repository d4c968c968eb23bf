import type { DatabaseLocale } from "./restore-target.ts";

/** Of what is known about a database, the part that it is made with. */
export function localeOf(known: DatabaseLocale): DatabaseLocale {
  const { encoding, collate, ctype, localeProvider, icuLocale, icuRules } = known;
  return { encoding, collate, ctype, localeProvider, icuLocale, icuRules };
}
