import ts from "typescript";
import { at, nodesOf, type Rule } from "./source.ts";

const RUNNERS = ["it", "test", "describe", "suite", "bench"];
const LEFT_OUT = ["skip", "only", "todo", "skipIf", "runIf", "fails"];
const MOCKING = ["mock", "doMock", "importMock", "hoisted", "unmock"];

/** What a test may not do. */
export const TEST_RULES: readonly Rule[] = [
  {
    says: "no test is left out",
    breaches: (source) =>
      nodesOf(source)
        .filter((node) => isLeftOut(node) || isOldSkip(node))
        .map((node) => at(source, node, "a skipped test is a failed one")),
    offenders: [
      { path: "test/plan/backup.test.ts", text: 'it.skip("dumps", () => {});' },
      { path: "test/plan/backup.test.ts", text: 'describe.only("backup", () => {});' },
      { path: "test/plan/backup.test.ts", text: 'test.skipIf(process.env.CI)("dumps", () => {});' },
      { path: "test/plan/backup.test.ts", text: 'it.each([1]).skip("dumps", () => {});' },
      { path: "test/plan/backup.test.ts", text: 'xit("dumps", () => {});' },
      { path: "test/plan/backup.test.ts", text: 'it("dumps", (context) => { context.skip(); });' },
    ],
    innocents: [
      { path: "test/plan/backup.test.ts", text: 'it.each([1])("keeps only the newest", () => {});' },
      { path: "src/policy/slot.ts", text: "const later = slots.skip(1);" },
    ],
  },
  {
    says: "no module is mocked",
    breaches: (source) =>
      nodesOf(source)
        .filter((node) => ts.isPropertyAccessExpression(node) && node.expression.getText() === "vi")
        .filter((node) => ts.isPropertyAccessExpression(node) && MOCKING.includes(node.name.text))
        .map((node) => at(source, node, "a port is missing")),
    offenders: [{ path: "test/plan/backup.test.ts", text: 'vi.mock("../src/clock.ts");' }],
    innocents: [{ path: "test/plan/backup.test.ts", text: "const said = vi.fn();" }],
  },
];

function isLeftOut(node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node) || !LEFT_OUT.includes(node.name.text)) return false;
  const first = leftmost(node);
  return RUNNERS.includes(first) || (node.name.text === "skip" && /^(ctx|context|t)$/.test(first));
}

function isOldSkip(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^(x|f)(it|test|describe)$/.test(node.expression.getText());
}

function leftmost(node: ts.Expression): string {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return leftmost(node.expression);
  return node.getText();
}
