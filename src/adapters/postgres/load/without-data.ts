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
  ...["library", "locale", "operator", "parameter", "parser", "partition", "policy", "provider"],
  ...["publication", "relation", "role", "rule", "schema", "sequence", "server", "server at", "subscription"],
  ...["table", "tablespace", "template", "trigger", "type", "user", "view", "wrapper"],
];
const NAMES_A_THING = new RegExp(`\\b(?:${NOUNS.join("|")}|parameter "[^"]*":) $`, "i");
/** Also those that other languages quote with. */
const QUOTES = /"(?:[^"]|"")*"?|[\u00ab\u00bb\u2018-\u201f\u2039\u203a]/g;

/** Texts of functions: RAISE and ASSERT. */
const RAISED = new Set(["P0001", "P0004"]);
/** No state, or that of RAISE WARNING, which the server uses itself. */
const UNTOLD = new Set(["", "01000"]);
const NOT_SHOWN = "a message that may hold data, which the server's log has";

/**
 * A message of the server without what it may quote of a row: nothing behind the first quote that does not follow the word for a
 * thing, since quotes inside a value are not escaped (`invalid input syntax for type json: "…"`). Nothing at all of what a function
 * raised, of what is not English, and, without a SQLSTATE (null), of what is no form that the server itself is known to use.
 */
export function withoutData(message: string, sqlstate: string | null): string {
  const isKnown = KNOWN.test(message);
  if (RAISED.has(sqlstate ?? "") || (UNTOLD.has(sqlstate ?? "") && !isKnown)) return NOT_SHOWN;
  const shown = untilData(message);
  return isKnown || isAscii(shown.replaceAll(QUOTES, "")) ? shown : NOT_SHOWN;
}

/** What one of PostgreSQL's programs says of itself: the quotes are looked at, the words are its own. */
export function untilData(message: string): string {
  for (const { 0: quoted, index } of message.matchAll(QUOTES))
    if (!NAMES_A_THING.test(message.slice(Math.max(0, index - 100), index)) || !quoted.startsWith('"'))
      return `${message.slice(0, index)}"…"`;
  return message;
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

const NAMED = `(?:${NOUNS.join("|")}) (?:"(?:[^"]|"")*"|[^\\s"]+)`;
const KNOWN = new RegExp(
  `^(?:${[
    `(?:(?:check|unique|event|foreign-data) )?${NAMED}(?: (?:of|for|in|on) ${NAMED})* (?:does not exist|already exists|is not available|is violated by some row|contains null values|is not (?:a|an|unique)\\b.*|cannot be .*|must be .*)$`,
    "permission denied (?:for|to) ",
    "must (?:be owner of|be superuser|be a superuser|be member of|be able to|have) ",
    "unrecognized configuration parameter ",
    "invalid (?:value for parameter|input syntax for|input value for enum|byte sequence for encoding|locale name) ?",
    "value too long for type ",
    'value "',
    "value for domain \\S+ violates ",
    "duplicate key value violates ",
    "(?:insert or update|update or delete) on table ",
    "null value in column ",
    "new row for relation ",
    "no partition of relation ",
    "conflicting key value violates ",
    "could not (?:create unique index|open (?:file|extension control file|relation)|access file|extend file|write (?:to )?file|load library|obtain lock on|serialize access|resize shared memory|create exclusion constraint) ?",
    "syntax error (?:at|in) ",
    "extra data after last expected column$",
    "missing data for column ",
    "character with byte sequence 0x",
    "out of (?:shared )?memory$",
    "canceling statement due to ",
    "terminating connection ",
    "deadlock detected$",
    "division by zero$",
    "numeric field overflow$",
    "(?:integer|bigint|smallint|timestamp|interval) out of range$",
    "date/time field value out of range: ",
    "index row (?:size|requires) ",
    "function [^ ]+\\(.*\\) does not exist$",
    "operator does not exist: ",
    "there is no unique constraint",
    "wal_level is insufficient",
    "multiple primary keys for table ",
    "current transaction is aborted",
    "cannot execute [A-Z ]+ in a ",
    "(?:the database system is|remaining connection slots|sorry, too many clients)",
  ].join("|")})`,
);
