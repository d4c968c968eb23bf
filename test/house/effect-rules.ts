import ts from "typescript";
import { areaOf, at, nodesOf, type Rule, type Source } from "./source.ts";

const PURE = ["policy", "plan"];
const IMPURE_CALLS = ["Date.now", "Math.random", "performance.now", "crypto.randomUUID", "process.hrtime"];
const IMPURE_MODULES = /^(node:)?(fs|fs\/promises|child_process|net|http|https|os|timers|timers\/promises)$/;

/** Where effects may happen. */
export const EFFECT_RULES: readonly Rule[] = [
  {
    says: "only views print",
    breaches: (source) =>
      inSource(source, ["views", "main"])
        .filter((node) => isName(node, ["process.stdout", "process.stderr"]) || isConsole(node))
        .map((node) => at(source, node, "hand it to a view")),
    offenders: [
      { path: "src/commands/plan.ts", text: 'process.stdout.write("hello");' },
      { path: "src/adapters/s3.ts", text: 'console.error("hello");' },
    ],
    innocents: [
      { path: "src/views/human.ts", text: 'process.stdout.write("hello");' },
      { path: "src/main.ts", text: "const tty = process.stdout.isTTY;" },
      { path: "src/plan/describe.ts", text: "const line = step.console.log;" },
    ],
  },
  {
    says: "only main exits",
    breaches: (source) =>
      inSource(source, ["main"])
        .filter((node) => isName(node, ["process.exit", "process.exitCode", "process.abort"]))
        .map((node) => at(source, node, "throw a DbopsError, or return")),
    offenders: [
      { path: "src/commands/plan.ts", text: "process.exit(1);" },
      { path: "src/views/human.ts", text: "process.exitCode = 1;" },
    ],
    innocents: [{ path: "src/main.ts", text: "process.exitCode = 1;" }],
  },
  {
    says: "policy and plan have no await, clock, random, disk or console",
    breaches: (source) =>
      PURE.includes(areaOf(source.path) ?? "")
        ? nodesOf(source).flatMap((node) => impurity(node).map((what) => at(source, node, what)))
        : [],
    offenders: [
      { path: "src/policy/slot.ts", text: "export async function slot() {}" },
      { path: "src/policy/slot.ts", text: "const slot = await next();" },
      { path: "src/policy/slot.ts", text: "for await (const one of all) {}" },
      { path: "src/policy/slot.ts", text: "const now = Date.now();" },
      { path: "src/plan/backup.ts", text: "const now = new Date();" },
      { path: "src/plan/backup.ts", text: "const id = Math.random();" },
      { path: "src/plan/backup.ts", text: 'import { randomUUID } from "node:crypto";' },
      { path: "src/plan/file.ts", text: 'import { readFileSync } from "node:fs";' },
      { path: "src/plan/file.ts", text: "const home = process.env.HOME;" },
      { path: "src/plan/file.ts", text: "console.log(1);" },
    ],
    innocents: [
      { path: "src/policy/slot.ts", text: "const at = new Date(now); const when = Date.parse(now);" },
      { path: "src/plan/file.ts", text: 'import { createHash } from "node:crypto";' },
      { path: "src/apply/run.ts", text: "const now = await Date.now();" },
    ],
  },
  {
    says: "only adapters unwrap secrets",
    breaches: (source) =>
      inSource(source, ["adapters", "model"])
        .filter((node) => ts.isPropertyAccessExpression(node) && node.name.text === "reveal")
        .map((node) => at(source, node, "hand the Secret itself to a port")),
    offenders: [{ path: "src/steps/dump.ts", text: "const text = passphrase.reveal();" }],
    innocents: [{ path: "src/adapters/pg/session.ts", text: "const text = password.reveal();" }],
  },
];

function impurity(node: ts.Node): readonly string[] {
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword)
    return ["decide without waiting"];
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return ["decide without waiting"];
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && !node.arguments?.length) {
    return ["`now` is a parameter"];
  }
  if (isName(node, IMPURE_CALLS)) return [`${node.getText()} makes the outcome depend on the moment`];
  if (isConsole(node) || (ts.isIdentifier(node) && node.text === "process" && !isMember(node))) {
    return [`no ${node.getText()} here`];
  }
  if (ts.isImportSpecifier(node) && /^random/.test(node.name.text)) return ["no random here"];
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return IMPURE_MODULES.test(node.moduleSpecifier.text) ? [`no ${node.moduleSpecifier.text} here`] : [];
  }
  return [];
}

/** All nodes of a file below src, or none when its area is free to do it. */
function inSource(source: Source, free: readonly string[]): readonly ts.Node[] {
  const area = areaOf(source.path);
  return area === null || free.includes(area) ? [] : nodesOf(source);
}

function isName(node: ts.Node, names: readonly string[]): boolean {
  return ts.isPropertyAccessExpression(node) && names.includes(node.getText().replaceAll(/\s|\?/g, ""));
}

function isConsole(node: ts.Node): boolean {
  return ts.isIdentifier(node) && node.text === "console" && !isMember(node);
}

/** True for the name behind a dot, or a key of an object or type. */
function isMember(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isParameter(parent)) &&
    parent.name === node
  );
}
