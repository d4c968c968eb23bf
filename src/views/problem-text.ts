import type { Problem } from "../problems/problem.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";

/** Tells two problems apart that a person would take for one. */
export function problemKey(one: Problem): string {
  return JSON.stringify([one.severity, one.code, one.where ?? null, one.detail, one.fix ?? null]);
}

/**
 * Problems as `error:` and `warning:` blocks, errors first, each with its places, details and `hint:`.
 * Those with the same code and fix share a block; blocks keep the order of their first problem; none is told twice.
 */
export function problemLines(problems: readonly Problem[], paint: Paint, verbose = false): readonly string[] {
  const blocks = new Map<string, Problem[]>();
  const seen = new Set<string>();
  for (const severity of ["error", "warning"] as const) {
    for (const one of problems.filter((any) => any.severity === severity)) {
      if (seen.has(problemKey(one))) continue;
      seen.add(problemKey(one));
      const key = JSON.stringify([severity, one.code, one.fix ?? null]);
      blocks.set(key, [...(blocks.get(key) ?? []), one]);
    }
  }
  return [...blocks.values()].flatMap((block, index) => [
    ...(index === 0 ? [] : [""]),
    ...blockLines(block, paint, verbose),
  ]);
}

function blockLines(block: readonly Problem[], paint: Paint, verbose: boolean): readonly string[] {
  const first = block[0];
  if (first === undefined) return [];
  const title =
    first.severity === "error"
      ? paint("bad", `${paint("strong", "error:")} ${printable(first.summary)}`)
      : paint("warning", `${paint("strong", "warning:")} ${printable(first.summary)}`);
  return [
    verbose ? `${title} ${paint("dim", `(${first.code})`)}` : title,
    ...[...block].sort(byPlace).flatMap(detailLines),
    ...hintLines(first.fix, paint),
  ];
}

/** In front of a detail: `sql/clean.sql:3:1: `; empty where it is about no place. */
export function placeText({ where }: Problem): string {
  return where === undefined ? "" : `${printable(where.file)}:${where.line}:${where.column}: `;
}

function detailLines(one: Problem): readonly string[] {
  const place = placeText(one);
  const [head = "", ...more] = printableLines(one.detail);
  if (place === "" && head === "") return [];
  return [`  ${place}${head}`.trimEnd(), ...more.map((line) => `    ${line}`.trimEnd())];
}

function hintLines(fix: string | undefined, paint: Paint): readonly string[] {
  if (fix === undefined || fix === "") return [];
  const [head = "", ...more] = printableLines(fix);
  return [`${paint("strong", "hint:")} ${head}`, ...more.map((line) => `  ${line}`.trimEnd())];
}

/** File, line, column; what has no place keeps its order, after the others. */
function byPlace(a: Problem, b: Problem): number {
  if (a.where === undefined || b.where === undefined) {
    return Number(a.where === undefined) - Number(b.where === undefined);
  }
  if (a.where.file !== b.where.file) return a.where.file < b.where.file ? -1 : 1;
  return a.where.line - b.where.line || a.where.column - b.where.column;
}
