/** A statement of a script, without what stands before it. */
export interface ScriptStatement {
  readonly text: string;
  /** Where it begins; counts from 1. */
  readonly line: number;
  /** Its words outside quotes, comments and parentheses, in capitals. */
  readonly words: readonly string[];
}

export interface ScriptFault {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

/**
 * Splits a script where psql would (PostgreSQL documentation 4.1, psqlscan.l): strings, quoted names, dollar quotes, nested
 * comments, parentheses and SQL-standard function bodies keep their semicolons. The first thing that no server understands,
 * a `\` command or a quote without an end, is a fault.
 */
export function splitScript(script: string): readonly ScriptStatement[] | ScriptFault {
  const text = script.replace(/^\uFEFF/, "");
  const statements: ScriptStatement[] = [];
  let [open, line] = [begin(), 1];
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at);
    if ("fault" in token) return { line, column: columnOf(text, at), what: token.fault };
    if (token.kind === ";" && open.depth === 0 && open.blocks === 0) {
      statements.push(...statementOf(text, open, at));
      open = begin();
    } else if (token.kind !== "blank")
      read(open, { kind: token.kind, text: text.slice(at, token.end) }, { at, line });
    line += newlinesIn(text, at, token.end);
    at = token.end;
  }
  return [...statements, ...statementOf(text, open, text.length)];
}

interface Token {
  readonly kind: "blank" | "word" | "other" | "(" | ")" | ";";
  readonly end: number;
}

/** The statement that is being read. */
interface Open {
  /** Where its first token is; null before that. */
  start: { readonly at: number; readonly line: number } | null;
  /** Parentheses that are open. */
  depth: number;
  /** BEGIN and CASE of a function body that are open. */
  blocks: number;
  readonly words: string[];
}

function begin(): Open {
  return { start: null, depth: 0, blocks: 0, words: [] };
}

function read(
  open: Open,
  token: { readonly kind: Token["kind"]; readonly text: string },
  start: { readonly at: number; readonly line: number },
): void {
  open.start ??= start;
  if (token.kind === "(") open.depth++;
  if (token.kind === ")" && open.depth > 0) open.depth--;
  if (token.kind !== "word" || open.depth > 0) return;
  const word = token.text.toUpperCase();
  open.words.push(word);
  if (!/^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) /.test(open.words.slice(0, 5).join(" "))) return;
  if (word === "BEGIN" || (word === "CASE" && open.blocks > 0)) open.blocks++;
  if (word === "END" && open.blocks > 0) open.blocks--;
}

function statementOf(text: string, { start, words }: Open, end: number): ScriptStatement[] {
  return start === null ? [] : [{ text: text.slice(start.at, end), line: start.line, words }];
}

function columnOf(text: string, at: number): number {
  return at - text.lastIndexOf("\n", at - 1);
}

function newlinesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

const BLANK = /(?:\s|--[^\n]*)+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\$?\d[\w.]*/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
/** Unrolled: a string may be many megabytes long. */
const STRING = /'[^']*(?:''[^']*)*'(?!')/y;
/** The only strings in which a backslash escapes, as long as standard_conforming_strings is on. */
const ESCAPED = /[eE]'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'(?!')/y;
const NAME = /"[^"]*(?:""[^"]*)*"(?!")/y;

function tokenAt(text: string, at: number): Token | { readonly fault: string } {
  const first = text.charAt(at);
  if (first === "\\") return { fault: "a command of psql, which dbops does not run" };
  if (first === "(" || first === ")" || first === ";") return { kind: first, end: at + 1 };
  const blank = endOf(BLANK, text, at) ?? endOfComment(text, at);
  if (blank !== null) return endsIn(blank, "blank", "a comment without an end");
  if (/^[eE]'/.test(text.slice(at, at + 2)))
    return endsIn(endOf(ESCAPED, text, at) ?? OPEN, "other", "a string without an end");
  if (first === "'") return endsIn(endOf(STRING, text, at) ?? OPEN, "other", "a string without an end");
  if (first === '"') return endsIn(endOf(NAME, text, at) ?? OPEN, "other", "a quoted name without an end");
  const dollar = endOfDollar(text, at);
  if (dollar !== null) return endsIn(dollar, "other", "a dollar quote without an end");
  const word = endOf(WORD, text, at);
  if (word !== null) return { kind: "word", end: word };
  return { kind: "other", end: endOf(NUMBER, text, at) ?? at + 1 };
}

/** Stands for an end that is missing. */
const OPEN = -1;

function endsIn(end: number, kind: Token["kind"], otherwise: string): Token | { readonly fault: string } {
  return end === OPEN ? { fault: otherwise } : { kind, end };
}

function endOf(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

/** Of a comment that may hold others; null when none begins here. */
function endOfComment(text: string, at: number): number | null {
  if (!text.startsWith("/*", at)) return null;
  const edges = /\/\*|\*\//g;
  edges.lastIndex = at;
  for (let depth = 0; ; ) {
    const edge = edges.exec(text);
    if (edge === null) return OPEN;
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
}

/** null when no dollar quote begins here. */
function endOfDollar(text: string, at: number): number | null {
  const body = endOf(DOLLAR, text, at);
  if (body === null) return null;
  const tag = text.slice(at, body);
  const close = text.indexOf(tag, body);
  return close === -1 ? OPEN : close + tag.length;
}
