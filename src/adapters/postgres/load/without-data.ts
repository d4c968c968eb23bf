/** What PostgreSQL's messages name in quotes after such a word is a thing; anything else in quotes may be a value out of a row. */
const NOUNS = [
  ...[
    "access method",
    "class",
    "collation",
    "column",
    "configuration",
    "constraint",
    "conversion",
    "database",
  ],
  ...["dictionary", "domain", "encoding", "extension", "family", "file", "function", "index", "language"],
  ...["library", "locale", "object", "operator", "parameter", "parser", "partition", "policy", "provider"],
  ...["publication", "relation", "role", "rule", "schema", "sequence", "server", "server at", "subscription"],
  ...["table", "tablespace", "template", "trigger", "type", "user", "view", "wrapper"],
];
const NAMES_A_THING = new RegExp(`\\b(?:${NOUNS.join("|")}|parameter "[^"]*":) $`, "i");

/** A message of the server without what it may quote of a row: `invalid input syntax for type integer: "…"`. */
export function withoutData(message: string): string {
  return message.replaceAll(/"(?:[^"]|"")*"?/g, (quoted, index: number) =>
    NAMES_A_THING.test(message.slice(Math.max(0, index - 100), index)) ? quoted : '"…"',
  );
}
