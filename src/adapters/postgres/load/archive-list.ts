import type { ArchiveEntry } from "../../../model/archive-contents.ts";

/** The entries of `pg_restore -l`, in its order. */
export function parseArchiveList(list: string): readonly ArchiveEntry[] {
  return list.split("\n").flatMap((line) => {
    const [, id, text] = /^(\d+); (.*)$/.exec(line) ?? [];
    return id === undefined || text === undefined ? [] : [entryOf(Number(id), text.trimEnd())];
  });
}

/** A list file for `pg_restore -L`, which reads nothing but the numbers. */
export function renderArchiveList(entries: readonly ArchiveEntry[]): string {
  return entries.map((entry) => `${entry.id};\n`).join("");
}

function entryOf(id: number, text: string): ArchiveEntry {
  const [, catalog = "", described = text] = /^(\d+) \d+ (.*)$/.exec(text) ?? [];
  const type = typeOf(described, catalog);
  return { id, text, type, rest: described.slice(type.length).trimStart() };
}

/**
 * A type may be several words, and the namespace after it may look like one more: `TABLE DATA users app` is a table in a
 * schema DATA when it is a row of pg_class (1259), and a table's data when it is a row of no catalog (0).
 */
function typeOf(described: string, catalog: string): string {
  const fits = (type: string): boolean => described === type || described.startsWith(`${type} `);
  const ofCatalog = AMBIGUOUS[catalog]?.find(fits);
  return ofCatalog ?? SEVERAL_WORDS.find(fits) ?? /^\S*/.exec(described)?.[0] ?? "";
}

const AMBIGUOUS: Readonly<Record<string, readonly string[]>> = {
  "0": [
    ...["MATERIALIZED VIEW DATA", "TABLE DATA", "TABLE ATTACH", "INDEX ATTACH", "SEQUENCE OWNED BY"],
    ...["SEQUENCE SET", "STATISTICS DATA", "ROW SECURITY"],
  ],
  "826": ["DEFAULT ACL"],
  "2616": ["OPERATOR CLASS"],
  "2753": ["OPERATOR FAMILY"],
};

/** Longer before shorter. */
const SEVERAL_WORDS = [
  ...["TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE"],
  ...["PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE", "SUBSCRIPTION TABLE", "FOREIGN DATA WRAPPER"],
  ...["MATERIALIZED VIEW", "CHECK CONSTRAINT", "FK CONSTRAINT", "FOREIGN TABLE", "USER MAPPING"],
  ...["EVENT TRIGGER", "ACCESS METHOD", "PROCEDURAL LANGUAGE", "SHELL TYPE", "SECURITY LABEL"],
  ...["BLOB METADATA"],
];
