/** What becomes of one statement of a plain dump. */
export type Verdict =
  | { readonly kind: "pass" }
  /** Data follow, up to a line `\.`. */
  | { readonly kind: "copy"; readonly table: string }
  /** `why`: null when nobody needs to know. */
  | { readonly kind: "left-out"; readonly why: string | null }
  | { readonly kind: "refused"; readonly what: string };

/** What the statements are run on. */
export interface LoadTarget {
  /** Settings that this server does not know are left out. */
  readonly serverMajor: number;
  /** Everything goes into the database's own tablespace; not given: no. */
  readonly ignoreTablespaces?: boolean;
}

const PASS: Verdict = { kind: "pass" };
const SILENT: Verdict = { kind: "left-out", why: null };

/**
 * Decides by what pg_dump 9 to 18 writes without --create; everything else is refused. `text` starts with the statement's
 * first word and is the whole statement, or the beginning of one that is too long to be held (`isWhole` false).
 */
export function judgeStatement(text: string, isWhole: boolean, target: LoadTarget): Verdict {
  const [first = ""] = /^[A-Z]+\b/.exec(text) ?? [];
  const byBeginning = BY_BEGINNING[first];
  if (byBeginning !== undefined) return byBeginning(text);
  const byWhole = BY_WHOLE[first];
  if (byWhole === undefined) return refused(text);
  return isWhole ? byWhole(text, target) : refused(text);
}

/** Kinds that may be longer than what is held. */
const BY_BEGINNING: Readonly<Record<string, (text: string) => Verdict>> = {
  CREATE: (text) => {
    const subscription = /^CREATE SUBSCRIPTION (\S+)/.exec(text)?.[1];
    if (subscription !== undefined) return leftOut(`the subscription ${subscription}`);
    return CLUSTER_OBJECT.test(text.slice("CREATE ".length)) ? refused(text) : PASS;
  },
  ALTER: (text) => {
    if (/^ALTER SUBSCRIPTION\b/.test(text)) return SILENT;
    return CLUSTER_OBJECT.test(text.slice("ALTER ".length)) ? refused(text) : PASS;
  },
  DROP: (text) => {
    if (/^DROP SUBSCRIPTION\b/.test(text)) return SILENT; // it would drop the publisher's slot
    return CLUSTER_OBJECT.test(text.slice("DROP ".length)) ? refused(text) : PASS;
  },
  COMMENT: (text) => aboutObject(text, /^COMMENT ON /),
  SECURITY: (text) => aboutObject(text, /^SECURITY LABEL (FOR \S+ )?ON /),
  INSERT: (text) => (/^INSERT INTO /.test(text) ? PASS : refused(text)),
  REFRESH: (text) => (/^REFRESH MATERIALIZED VIEW /.test(text) ? PASS : refused(text)),
};

const BY_WHOLE: Readonly<Record<string, (text: string, target: LoadTarget) => Verdict>> = {
  COPY: judgeCopy,
  BEGIN: (text) => (text === "BEGIN;" ? SILENT : refused(text)), // around the data of large objects
  COMMIT: (text) => (text === "COMMIT;" ? SILENT : refused(text)),
  SET: judgeSetting,
  SELECT: judgeSelect,
  GRANT: judgeGrant,
  REVOKE: judgeGrant,
};

/** Objects of the server, not of one database. */
const CLUSTER_OBJECT = /^(DATABASE|TABLESPACE|ROLE|GROUP|SYSTEM|USER(?! MAPPING))\b/;

function aboutObject(text: string, start: RegExp): Verdict {
  const rest = text.replace(start, "");
  if (rest === text) return refused(text);
  if (/^(SUBSCRIPTION|EXTENSION plpgsql)\b/.test(rest)) return SILENT;
  // up to version 10 without --create, too
  return CLUSTER_OBJECT.test(rest) ? leftOut(firstWords(text)) : PASS;
}

const NAME = /(?:"(?:[^"]|"")+"|[a-z_\x80-\xff][a-z0-9_$\x80-\xff]*)/.source;
const COPY = new RegExp(`^COPY (${NAME}(?:\\.${NAME})?) +(?:\\(${NAME}(?:, ${NAME})*\\) )?FROM stdin;$`);

/** Only the one form that pg_dump writes: other ones name files, programs, or another end of the data. */
function judgeCopy(text: string): Verdict {
  const table = COPY.exec(text)?.[1];
  return table === undefined ? refused(text) : { kind: "copy", table };
}

/** Settings that pg_dump writes, with the first version that knows them. */
const SETTINGS: Readonly<Record<string, number>> = {
  statement_timeout: 0,
  lock_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  transaction_timeout: 17,
  client_encoding: 0,
  standard_conforming_strings: 0,
  escape_string_warning: 0,
  check_function_bodies: 0,
  xmloption: 0,
  client_min_messages: 0,
  row_security: 0,
  default_tablespace: 0,
  default_table_access_method: 12,
  default_with_oids: 0,
  search_path: 0,
};

/** In these a byte of a character may look like a backslash or a quote. PostgreSQL ignores what is no letter or digit. */
const AMBIGUOUS = /^(SJIS|BIG5|GBK|UHC|GB18030|JOHAB|SHIFTJIS2004|MSKANJI|SHIFTJIS|WIN9\d\d|WINDOWS9\d\d)$/i;

function judgeSetting(text: string, { serverMajor, ignoreTablespaces }: LoadTarget): Verdict {
  if (/^SET SESSION AUTHORIZATION (DEFAULT|'[^'\\]+'|"[^"]+"|[a-z_][a-z0-9_$]*);$/.test(text)) return PASS;
  const [, name = "", value = ""] = /^SET ([a-z_]+) = ([^;]*);$/.exec(text) ?? [];
  const since = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  if (since === undefined) return refused(text);
  if (name === "standard_conforming_strings" && value !== "on") return refused(text);
  if (name === "client_encoding" && !isPlainEncoding(value)) return refused(text);
  if (name === "default_tablespace" && ignoreTablespaces === true) return SILENT;
  return serverMajor < since ? SILENT : PASS;
}

function isPlainEncoding(value: string): boolean {
  const name = /^'([A-Za-z0-9_-]+)'$/.exec(value)?.[1];
  return name !== undefined && !AMBIGUOUS.test(name.replaceAll(/[_-]/g, ""));
}

const TEXT = /'(?:[^']|'')*'/.source;
const CALLS = [
  `set_config\\('search_path', ${TEXT}, false\\)`,
  `setval\\(${TEXT}, -?\\d+, (?:true|false)\\)`,
  `lo_create\\('\\d+'\\)`,
  `lo_unlink\\('\\d+'\\)`,
  `lo_open\\('\\d+', \\d+\\)`,
  `lowrite\\(0, ${TEXT}\\)`,
  `lo_close\\(0\\)`,
];
const CALL = new RegExp(`^SELECT pg_catalog\\.(?:${CALLS.join("|")});$`);
/** From version 18 on; ANALYZE makes them anew. */
const STATISTICS = /^SELECT \* FROM pg_catalog\.pg_restore_(relation|attribute)_stats\(/;

function judgeSelect(text: string): Verdict {
  if (STATISTICS.test(text)) return SILENT;
  return CALL.test(text) ? PASS : refused(text);
}

function judgeGrant(text: string): Verdict {
  const plain = text.replaceAll(/"(?:[^"]|"")*"/g, '""');
  const object = / ON ([A-Z]+)\b/.exec(plain)?.[1];
  if (object === undefined && !/ ON /.test(plain)) return refused(text); // of a role
  return object === "DATABASE" || object === "TABLESPACE" || object === "PARAMETER"
    ? leftOut(firstWords(text))
    : PASS;
}

function leftOut(why: string): Verdict {
  return { kind: "left-out", why };
}

function refused(text: string): Verdict {
  return { kind: "refused", what: firstWords(text) };
}

/** What kind of statement it is, without values: nothing behind the first quote, and at most four words. */
function firstWords(text: string): string {
  const [unquoted = ""] = text.split(/['$(;]/, 1);
  return unquoted.trim().split(/\s+/).slice(0, 4).join(" ").slice(0, 100) || "an unknown statement";
}
