import { posix } from "node:path";
import ts from "typescript";
import { nodesOf, type Source } from "./source.ts";

/** Packages that cost start-up time and belong to one adapter each. */
export const SDK = /^(pg|pg-.*|@aws-sdk\/.*|@smithy\/.*|age-encryption|execa)(\/|$)/;

export interface Import {
  readonly node: ts.Node;
  readonly target: string;
  readonly lazy: boolean;
  readonly typeOnly: boolean;
}

/** The project path of a relative import; null for a package. */
export function resolve(source: Source, target: string): string | null {
  return target.startsWith(".") ? posix.join(posix.dirname(source.path), target) : null;
}

/** Everything that a file imports, re-exports or loads later, in the order of the text. */
export function importsOf(source: Source): readonly Import[] {
  return nodesOf(source).flatMap((node) => {
    const name = moduleOf(node);
    if (name === undefined || !ts.isStringLiteralLike(name)) return [];
    return [{ node, target: name.text, lazy: ts.isCallExpression(node), typeOnly: isTypeOnly(node) }];
  });
}

function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  const isLazy = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isLazy ? node.arguments[0] : undefined;
}

/** `import { type A }` is not: the module is loaded all the same. */
function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly === true;
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly);
}
