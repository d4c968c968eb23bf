import { importsOf, resolve, SDK } from "./imports.ts";
import { areaOf, at, type Rule, type Source } from "./source.ts";

/** What each area may import beside itself: problems ← model ← {policy, ports} ← {config, plan, observe, steps} ← apply ← commands ← main. */
const MAY_IMPORT = orderOf([
  ["problems"],
  ["model"],
  ["policy", "ports"],
  ["config", "plan", "observe", "steps"],
  ["apply"],
  ["commands"],
]);

/** Implementers of ports stand beside that order. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  adapters: ["problems", "model", "ports"],
  views: ["problems", "model", "ports"],
};

/** The wording of a step's line is shared by plan files and screens. */
const EXCEPTIONS: readonly { readonly from: string; readonly to: string }[] = [
  { from: "views", to: "src/plan/describe.ts" },
];

/** Which file may know which other. */
export const IMPORT_RULES: readonly Rule[] = [
  {
    says: "imports go one way, and folders of one brace do not import each other",
    breaches: (source) =>
      importsOf(source)
        .filter((one) => !mayImport(source, resolve(source, one.target)))
        .map((one) => at(source, one.node, `${areaOf(source.path)} must not import ${one.target}`)),
    offenders: [
      { path: "src/model/plan.ts", text: 'import { list } from "../ports/object-store.ts";' },
      { path: "src/policy/slot.ts", text: 'import type { ObjectStore } from "../ports/object-store.ts";' },
      { path: "src/plan/backup.ts", text: 'export { dump } from "../steps/dump.ts";' },
      { path: "src/apply/run.ts", text: 'const s3 = await import("../adapters/s3/store.ts");' },
      { path: "src/commands/plan.ts", text: 'import { human } from "../views/human.ts";' },
      { path: "src/adapters/s3.ts", text: 'import { plan } from "../plan/converge.ts";' },
      { path: "src/views/human.ts", text: 'import { converge } from "../plan/converge.ts";' },
      { path: "src/steps/dump.ts", text: 'import { main } from "../main.ts";' },
      { path: "src/steps/dump.ts", text: 'import { startCluster } from "../../test/support/cluster.ts";' },
    ],
    innocents: [
      { path: "src/main.ts", text: 'await import("./adapters/s3/store.ts"); import "./views/human.ts";' },
      { path: "src/steps/verify/backup.ts", text: 'import { keep } from "../../policy/retention.ts";' },
      { path: "src/views/human.ts", text: 'import { describeStep } from "../plan/describe.ts";' },
      { path: "src/adapters/pg/dump.ts", text: 'import { quote } from "./quote.ts"; import pg from "pg";' },
    ],
  },
  {
    says: "only adapters import an SDK",
    breaches: (source) =>
      importsOf(source)
        .filter((one) => SDK.test(one.target) && !["adapters", null].includes(areaOf(source.path)))
        .map((one) => at(source, one.node, `${one.target} belongs into src/adapters`)),
    offenders: [
      { path: "src/steps/dump.ts", text: 'import { execa } from "execa";' },
      { path: "src/main.ts", text: 'await import("@aws-sdk/client-s3");' },
      { path: "src/observe/database.ts", text: 'import type { Client } from "pg";' },
    ],
    innocents: [
      { path: "src/adapters/pg/session.ts", text: 'import pg from "pg";' },
      { path: "src/config/read.ts", text: 'import { parse } from "yaml";' },
      { path: "test/adapters/age.test.ts", text: 'import { Encrypter } from "age-encryption";' },
    ],
  },
];

function orderOf(ranks: readonly (readonly string[])[]): Readonly<Record<string, readonly string[]>> {
  const rows = ranks.flatMap((areas, rank) =>
    areas.map((area) => [area, ranks.slice(0, rank).flat()] as const),
  );
  return Object.fromEntries(rows);
}

function mayImport(source: Source, target: string | null): boolean {
  const from = areaOf(source.path);
  if (from === null || target === null) return true;
  const to = areaOf(target);
  if (to === null) return !/^(test|scripts|bench|dist)\//.test(target);
  if (from === to || from === "main") return true;
  if (EXCEPTIONS.some((one) => one.from === from && one.to === target)) return true;
  return (BESIDE[from] ?? MAY_IMPORT[from] ?? []).includes(to);
}
