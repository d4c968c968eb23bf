import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One TypeScript file, read and parsed; `path` starts at the project's folder and has `/` between parts. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

/**
 * A sentence of architecture.md or style.md that can be checked by reading. `breaches` gives one line per offence.
 * `offenders` must each break it and `innocents` must not: without them nobody knows that the rule can fail.
 */
export interface Rule {
  readonly says: string;
  readonly breaches: (source: Source) => readonly string[];
  readonly offenders: readonly Sample[];
  readonly innocents: readonly Sample[];
}

export interface Sample {
  readonly path: string;
  readonly text: string;
}

const FOLDERS = ["src", "test", "scripts", "bench"];

/** Parses one file; nothing is read from disk. */
export function parseSource(sample: Sample): Source {
  return { ...sample, tree: ts.createSourceFile(sample.path, sample.text, ts.ScriptTarget.ES2024, true) };
}

/** Every TypeScript file of the project, sorted by path. */
export function loadSources(root: string): readonly Source[] {
  return FOLDERS.flatMap((folder) => namesBelow(root, folder))
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => parseSource({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The folder below src that a file belongs to: `policy`; `main` for src/main.ts; null outside src. */
export function areaOf(path: string): string | null {
  return /^src\/([^/.]+)/.exec(path)?.[1] ?? null;
}

/** Every node of a file, in the order of the text. */
export function nodesOf(source: Source): readonly ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source.tree);
  return nodes;
}

/** One breach as a line that an editor can jump to. */
export function at(source: Source, node: ts.Node, what: string): string {
  const line = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
  return `${source.path}:${line}: ${what}`;
}

function namesBelow(root: string, folder: string): readonly string[] {
  return readdirSync(root, { withFileTypes: true }).some((one) => one.name === folder)
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name}`,
      )
    : [];
}
