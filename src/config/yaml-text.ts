import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { type Problem, problem, type Where } from "../problems/problem.ts";
import type { Path } from "./finding.ts";

/** YAML text as data, with the place of everything in it. */
export interface YamlText {
  /** undefined when the text cannot be understood; then `problems` says why. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The place of a key or its value; of the nearest enclosing thing when there is no such key. */
  where(path: Path, at: "key" | "value"): Where;
}

/**
 * Reads one YAML 1.2 document. Aliases, anchors, tags, directives and duplicate keys are problems: what a reviewer sees
 * must be what is used. Messages never repeat the text, which may hold a secret.
 */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const whereOffset = (offset: number): Where => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const remarks = [...faults(document.errors), ...forbidden(document)].sort((a, b) => a.offset - b.offset);
  const isReadable = remarks.every((one) => one.isHarmless);
  return {
    value: isReadable ? document.toJS({ maxAliasCount: 0 }) : undefined,
    problems: remarks.map((one) => problem("CONFIG_INVALID", one.detail, { where: whereOffset(one.offset) })),
    where: (path, at) => whereOffset(offsetOf(document, path, at)),
  };
}

const ALIASES =
  "aliases (*name) are not allowed; write the value out, or put it in quotes if it starts with *";
const TAGS = "tags (!name) are not allowed; put the value in quotes if it starts with !";

/** Harmless: the rest of the file can still be looked at. */
interface Remark {
  readonly offset: number;
  readonly detail: string;
  readonly isHarmless: boolean;
}

/** Of the parser's errors the first and all duplicate keys: what follows a syntax error is mostly its echo. */
function faults(errors: readonly YAMLError[]): Remark[] {
  const duplicates = errors.filter((one) => one.code === "DUPLICATE_KEY");
  const others = errors.filter((one) => one.code !== "DUPLICATE_KEY").sort((a, b) => a.pos[0] - b.pos[0]);
  return [...duplicates, ...others.slice(0, 1)].map((error) => ({
    offset: error.pos[0],
    detail: MESSAGES[error.code] ?? "this is not valid YAML",
    isHarmless: error.code === "DUPLICATE_KEY",
  }));
}

const MESSAGES: Partial<Record<YAMLError["code"], string>> = {
  BAD_ALIAS: ALIASES,
  BAD_INDENT: "the indentation is not valid: what belongs together starts in the same column",
  BAD_SCALAR_START: "a value cannot start with this character; put it in quotes",
  BAD_DQ_ESCAPE: "this escape sequence is not valid in double quotes; use single quotes for backslashes",
  BLOCK_AS_IMPLICIT_KEY: "a key cannot be followed by another key on one line; use a new line or { }",
  DUPLICATE_KEY: "this key is given twice",
  MISSING_CHAR: "a character is missing: a quote, a bracket, a comma, or the : after a key",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line, with a : after it",
  MULTIPLE_DOCS: "there must be one document in the file; remove the --- and what follows it",
  RESOURCE_EXHAUSTION: "this is nested too deeply",
  TAB_AS_INDENT: "tabs are not allowed as indentation; use spaces",
  TAG_RESOLVE_FAILED: TAGS,
};

function forbidden(document: Document): Remark[] {
  const remarks: Remark[] = [];
  const add = (offset: number | undefined, detail: string, isHarmless: boolean): void => {
    remarks.push({ offset: offset ?? 0, detail, isHarmless });
  };
  if (document.directives?.yaml.explicit === true) add(0, "directives (%YAML) are not allowed", false);
  visit(document, {
    Node(_, node) {
      const offset = node.range?.[0];
      if (isAlias(node)) add(offset, ALIASES, false);
      else if (node.anchor !== undefined)
        add(offset, "anchors (&name) are not allowed; write the value out", true);
      if (!isAlias(node) && node.tag !== undefined) add(offset, TAGS, true);
    },
    Pair(_, pair) {
      if (isNode(pair.key) && !isScalar(pair.key))
        add(pair.key.range?.[0], "a key must be plain text", false);
    },
  });
  return remarks;
}

function offsetOf(document: Document, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [index, part] of path.entries()) {
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((one) => isPair(one) && keyOf(one) === String(part));
      if (pair === undefined) return offset;
      const key = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      offset = isLast && at === "value" ? (startOf(pair.value) ?? key) : key;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function keyOf(pair: Pair): string {
  const key = isScalar(pair.key) ? pair.key.value : pair.key;
  return key === null ? "" : String(key);
}

function startOf(node: unknown): number | null {
  if (!isNode(node)) return null;
  const range: Node["range"] = node.range;
  return range === undefined || range === null || range[0] === range[1] ? null : range[0];
}
