import type { ArchiveEntry } from "../../model/archive-contents.ts";
import { isDataEntry } from "../../model/data-entry.ts";
import type { Problem } from "../../problems/problem.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import { countOf } from "../naming.ts";
import { renderSome } from "./amounts.ts";
import type { Content } from "./content.ts";
import { subjectName } from "./entry-owner.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { createSubscription } from "./sql-text.ts";

/** Extensions that a superuser marked as safe for the owner of a database, in PostgreSQL itself. */
const TRUSTED = new Set(
  "btree_gin btree_gist citext cube dict_int fuzzystrmatch hstore intarray isn jsonb_plperl lo ltree pg_trgm pgcrypto plperl plpgsql pltcl seg tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp".split(
    " ",
  ),
);

/** What the archive's table of contents asks of the server, entry by entry. */
export function judgeContent(at: RestoreCase, content: Content): readonly Problem[] {
  return [
    ...toleratedProblems(at, content),
    ...extensionProblems(at, content),
    ...tablespaceProblems(at),
    ...leftOutProblems(at, content),
    ...publicationProblems(at, content),
  ];
}

/** A name that fits nothing would accept nothing; data that is given up is said out loud. */
function toleratedProblems(
  { contents, restore }: RestoreCase,
  { tolerated, acceptedBefore }: Content,
): readonly Problem[] {
  const known = new Set(contents.entries.map((one) => one.text));
  const unknown = [...tolerated].filter((text) => !known.has(text)).sort();
  const data = contents.entries.filter((one) => isData(one) && tolerated.has(one.text));
  const others = tolerated.size - acceptedBefore.length - data.length - unknown.length;
  return [
    ...unknown.map((text) =>
      blocked(
        `--tolerate ${shellQuoted(text)}: the archive has no such entry${nearest(text, contents.entries)}`,
        "give the entry's whole line, as the failed restore printed it",
        "USAGE",
      ),
    ),
    ...(data.length === 0
      ? []
      : [
          noted(
            `may come back without ${data.length === 1 ? "its" : "their"} rows, as asked: ${renderSome(data.map((one) => one.text))}`,
          ),
        ]),
    ...(others === 0 ? [] : [noted(`${countOf(others, "failure")} will be accepted, as asked`)]),
    ...[...Map.groupBy(acceptedBefore, (one) => one.plan)].map(([plan, some]) =>
      noted(
        `${countOf(some.length, "failure")} will be accepted, as for plan ${plan.slice(0, 12)}: ${renderSome(some.map((one) => one.entry))}`,
      ),
    ),
    ...(restore.accepted?.state === "unreadable" ? [restore.accepted.problem] : []),
  ];
}

function nearest(text: string, entries: readonly ArchiveEntry[]): string {
  const words = text.split(" ").filter((word) => !/^\d+$/.test(word));
  const found = entries.filter((one) => words.every((word) => one.text.includes(word)));
  return found.length === 0 || words.length === 0
    ? ""
    : `; it has ${renderSome(
        found.map((one) => one.text),
        3,
      )}`;
}

function extensionProblems(at: RestoreCase, content: Content): readonly Problem[] {
  const { target, contents } = at;
  const offered = new Map(target.extensions.map((one) => [one.name, one.versions]));
  const versions = new Map(contents.extensions.map((one) => [one.name, one.version]));
  const wanted = content.loaded
    .filter((one) => one.type === "EXTENSION")
    .map((entry) => ({ entry, name: subjectName(entry, { state: "none" }) }));
  const missing = wanted.filter((one) => !offered.has(one.name) && !content.tolerated.has(one.entry.text));
  const other = wanted.flatMap(({ name }) => {
    const version = versions.get(name);
    const has = offered.get(name);
    if (version === undefined || has === undefined || has.includes(version)) return [];
    const offers = renderSome([...has].sort());
    return [noted(`the extension ${name} was ${version}; ${target.endpoint} offers ${offers}`)];
  });
  const untrusted = wanted.filter((one) => offered.has(one.name) && !TRUSTED.has(one.name));
  const refusable = untrusted.map((one) => `the extension ${one.name}`).join(", ");
  return [
    ...(missing.length === 0 ? [] : [notOffered(at, missing)]),
    ...other,
    ...(target.role.isSuperuser || untrusted.length === 0
      ? []
      : [noted(`${target.role.name} is no superuser: the server may refuse it ${refusable}`)]),
  ];
}

function notOffered(
  { target }: RestoreCase,
  missing: readonly { readonly entry: ArchiveEntry; readonly name: string }[],
): Problem {
  const names = missing.map((one) => `the extension ${one.name}`).join(", ");
  return blocked(
    `${target.endpoint} does not offer ${names}, which the backup has`,
    [
      "install the packages on the server, or give up what hangs on them:",
      ...missing.map(({ entry }) => `--tolerate ${shellQuoted(entry.text)} and each entry that then fails`),
    ].join("\n"),
  );
}

function tablespaceProblems({ contents, target }: RestoreCase): readonly Problem[] {
  const { tablespace = "pg_default" } = contents.properties ?? {};
  return target.tablespaces.includes(tablespace)
    ? []
    : [
        noted(
          `${target.endpoint} has no tablespace ${tablespace}: the restored database stands in the default one`,
        ),
      ];
}

function leftOutProblems(at: RestoreCase, { left, owner }: Content): readonly Problem[] {
  const subscriptions = left
    .filter((one) => one.type === "SUBSCRIPTION")
    .map((one) => subjectName(one, owner(one)));
  const listed = at.contents.subscriptions; // a dump by another role than a superuser has none of them
  const names = [...new Set([...subscriptions, ...listed])].sort();
  const rights = left.filter(
    (one) => !/^(- )?SUBSCRIPTION/.test(one.type.startsWith("SUBSCRIPTION") ? one.type : one.rest),
  );
  return [
    ...(names.length === 0
      ? []
      : [
          noted(
            `${countOf(names.length, "subscription")} of the backup will not be created: ${names.join(", ")}`,
            [
              `by hand, in ${at.restore.live}, when the publisher may be read from here:`,
              ...names.map(createSubscription),
            ].join("\n"),
          ),
        ]),
    ...(rights.length === 0
      ? []
      : [
          noted(
            `${at.target.role.name} is no superuser, so ${rights.length === 1 ? "this is" : "these are"} left out: ${renderSome(rights.map((one) => `${one.type} ${subjectName(one, owner(one))}`))}`,
            "let a superuser restore, or create them by hand in the restored database",
          ),
        ]),
  ];
}

function publicationProblems({ contents, target }: RestoreCase, { loaded }: Content): readonly Problem[] {
  if (target.role.isSuperuser || contents.publications !== undefined) return [];
  const found = loaded.filter((one) => one.type === "PUBLICATION");
  return found.length === 0
    ? []
    : [
        noted(
          `${target.role.name} is no superuser: a publication of all tables would fail to load, and this backup has ${countOf(found.length, "publication")}`,
        ),
      ];
}

function isData(entry: ArchiveEntry): boolean {
  return isDataEntry(entry.text);
}
