import { posix } from "node:path";
import ts from "typescript";
import { areaOf, at, nodesOf, type Rule, type Source } from "./source.ts";

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 40;
const MAX_PARAMETERS = 3;
const VAGUE = /^(utils?|helpers?|commons?|managers?|services?|misc|index)$/;

/** How a file of this project looks. */
export const STYLE_RULES: readonly Rule[] = [
  {
    says: "no file is longer than 300 lines",
    breaches: (source) => {
      const lines = source.text.trimEnd().split("\n").length;
      return lines > MAX_FILE_LINES ? [`${source.path}: ${lines} lines`] : [];
    },
    offenders: [{ path: "src/plan/long.ts", text: "export {};\n".repeat(301) }],
    innocents: [{ path: "src/plan/long.ts", text: "export {};\n".repeat(300) }],
  },
  {
    says: "files are kebab-case and named after the one thing inside",
    breaches: (source) => {
      const name = posix.basename(source.path).replace(/(\.test|\.d)?\.ts$/, "");
      const last = name.split(/[-.]/).at(-1) ?? "";
      if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name)) return [`${source.path}: not kebab-case`];
      return VAGUE.test(last) ? [`${source.path}: says nothing about what is inside`] : [];
    },
    offenders: [
      { path: "src/plan/utils.ts", text: "" },
      { path: "src/apply/lock-manager.ts", text: "" },
      { path: "test/support/test-helpers.ts", text: "" },
      { path: "src/plan/index.ts", text: "" },
      { path: "src/plan/planFile.ts", text: "" },
    ],
    innocents: [
      { path: "src/plan/plan-file.ts", text: "" },
      { path: "src/adapters/postgres/service-file.ts", text: "" },
      { path: "test/plan/plan-file.test.ts", text: "" },
    ],
  },
  {
    says: "nothing is exported as default",
    breaches: (source) =>
      source.path === "vitest.config.ts"
        ? []
        : nodesOf(source)
            .filter((node) => ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword)
            .filter((node) => !ts.isDefaultClause(node.parent))
            .map((node) => at(source, node, "export it by name")),
    offenders: [
      { path: "src/plan/backup.ts", text: "export default function backup() {}" },
      { path: "src/plan/backup.ts", text: "export default { a: 1 };" },
    ],
    innocents: [{ path: "src/plan/backup.ts", text: "switch (a) { default: b(); }" }],
  },
  {
    says: "no file only passes on what others export",
    breaches: (source) =>
      source.tree.statements.length > 0 && source.tree.statements.every(isPassedOn)
        ? [`${source.path}: a barrel`]
        : [],
    offenders: [{ path: "src/plan/all.ts", text: 'export * from "./a.ts"; export { b } from "./b.ts";' }],
    innocents: [{ path: "src/plan/backup.ts", text: 'export { b } from "./b.ts"; export const a = 1;' }],
  },
  {
    says: "types are never waved through by any or a non-null assertion",
    breaches: (source) =>
      nodesOf(source)
        .filter((node) => node.kind === ts.SyntaxKind.AnyKeyword || ts.isNonNullExpression(node))
        .map((node) => at(source, node, "say what it is, or check that it is there")),
    offenders: [
      { path: "src/plan/backup.ts", text: "export const a: any = 1;" },
      { path: "src/plan/backup.ts", text: "export const a = list[0]!.name;" },
      { path: "test/plan/backup.test.ts", text: "const a = list as any[];" },
    ],
    innocents: [{ path: "src/plan/backup.ts", text: "export const a = !list.any;" }],
  },
  {
    says: "functions are at most 40 lines long and take at most 3 positional parameters beside the signal",
    breaches: (source) =>
      areaOf(source.path) === null
        ? []
        : nodesOf(source)
            .filter(isFunction)
            .flatMap((node) => excess(source, node).map((what) => at(source, node, what))),
    offenders: [
      { path: "src/plan/backup.ts", text: `function backup() {\n${"a();\n".repeat(40)}}` },
      { path: "src/plan/backup.ts", text: "const backup = (a, b, c, d) => a;" },
      { path: "src/plan/backup.ts", text: "class A { backup(a, b, c, d, signal) {} }" },
    ],
    innocents: [
      { path: "src/plan/backup.ts", text: `function backup(a, b, c, signal) {\n${"a();\n".repeat(38)}}` },
      { path: "test/plan/backup.test.ts", text: `describe(() => {\n${"a();\n".repeat(50)}})` },
    ],
  },
];

function isPassedOn(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node)
  );
}

function excess(source: Source, node: ts.FunctionLikeDeclaration): readonly string[] {
  const line = (position: number) => source.tree.getLineAndCharacterOfPosition(position).line;
  const lines = line(node.getEnd()) - line(node.getStart(source.tree)) + 1;
  const counted = node.parameters.filter(
    (one) => !["signal", "this"].includes(one.name.getText(source.tree)),
  );
  return [
    ...(lines > MAX_FUNCTION_LINES ? [`a function of ${lines} lines`] : []),
    ...(counted.length > MAX_PARAMETERS ? [`${counted.length} positional parameters`] : []),
  ];
}
