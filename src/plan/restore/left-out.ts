import type { ArchiveEntry } from "../../model/archive-contents.ts";
import type { AdminRole } from "../../model/restore-target.ts";
import { type Owner, subjectName, subjectOf } from "./entry-owner.ts";
import { createSubscription } from "./sql-text.ts";

/** What only a superuser creates, without a schema. */
const SUPERUSERS = ["ACCESS METHOD", "EVENT TRIGGER", "FOREIGN DATA WRAPPER"];
/** The same, in a schema. */
const SUPERUSERS_IN_SCHEMA = [
  "OPERATOR CLASS",
  "OPERATOR FAMILY",
  "PUBLICATION TABLES IN SCHEMA",
  "SHELL TYPE",
  "TEXT SEARCH PARSER",
  "TEXT SEARCH TEMPLATE",
];

/** What tells whether an entry is loaded. */
export interface Loader {
  readonly role: AdminRole;
  /** Names of publications of all tables; null: not known. */
  readonly publicationsOfAll: ReadonlySet<string> | null;
  owner(entry: ArchiveEntry): Owner;
}

/**
 * Why an entry of an archive is not loaded; null: it is. Data of tables, sequences and large objects is never left out. A
 * subscription never comes along: it carries the slot of the one that runs, and would take over or drop it.
 */
export function whyLeftOut(entry: ArchiveEntry, loader: Loader): string | null {
  if (isSubscription(entry) || subjectOf(entry, ["SUBSCRIPTION"]) !== null) return byHand(entry, loader);
  if (loader.role.isSuperuser) return null;
  const type = rightNeeded(entry, loader);
  return type === null ? null : `${type} needs a superuser, and ${loader.role.name} is none`;
}

function byHand(entry: ArchiveEntry, { owner }: Loader): string {
  const why = "it would take over the slot of the subscription that it was dumped from";
  if (entry.type !== "SUBSCRIPTION") return why;
  return `${why}; by hand afterwards: ${createSubscription(subjectName(entry, owner(entry)))}`;
}

/** Also the tables that it had brought over, which version 17 dumps for an upgrade. */
function isSubscription(entry: ArchiveEntry): boolean {
  return entry.type === "SUBSCRIPTION" || entry.type === "SUBSCRIPTION TABLE";
}

function rightNeeded(entry: ArchiveEntry, loader: Loader): string | null {
  if (SUPERUSERS.includes(entry.type) || SUPERUSERS_IN_SCHEMA.includes(entry.type))
    return articled(entry.type);
  const about = subjectOf(entry, SUPERUSERS);
  if (about !== null) return articled(about);
  const inSchema = isAbout(entry)
    ? SUPERUSERS_IN_SCHEMA.find((type) => entry.rest.includes(` ${type} `))
    : undefined;
  if (inSchema !== undefined) return articled(inSchema);
  if (entry.type === "COMMENT" && entry.rest.trimEnd() === "- EXTENSION plpgsql")
    return "the comment of an extension that every database has";
  if (isPublicationOfAll(entry, loader)) return "a publication of all tables";
  return null;
}

function isAbout(entry: ArchiveEntry): boolean {
  return entry.type === "COMMENT" || entry.type === "ACL" || entry.type === "SECURITY LABEL";
}

function isPublicationOfAll(entry: ArchiveEntry, { publicationsOfAll, owner }: Loader): boolean {
  const about = subjectOf(entry, ["PUBLICATION"]);
  if (publicationsOfAll === null || (entry.type !== "PUBLICATION" && about === null)) return false;
  const name = subjectName(entry, owner(entry));
  return publicationsOfAll.has(about === null ? name : name.slice("PUBLICATION ".length));
}

function articled(type: string): string {
  const word = type.toLowerCase();
  return `${/^[aeio]/.test(word) ? "an" : "a"} ${word}`;
}
