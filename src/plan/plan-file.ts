import { type Document, isAlias, isMap, isNode, LineCounter, parseDocument, stringify, visit } from "yaml";
import type { Plan } from "../model/plan.ts";
import { renderPath } from "../model/shape.ts";
import type { Step } from "../model/step.ts";
import { fail } from "../problems/dbops-error.ts";
import type { Where } from "../problems/problem.ts";
import { renderSummary } from "./describe.ts";
import { planFault } from "./plan-shape.ts";
import { planDigest } from "./seal-plan.ts";

/** The plan as a file that people review: block YAML, the same bytes for the same plan, no anchors. */
export function renderPlan(plan: Plan): string {
  const { version, plan: digest, environment, operation, createdAt, expiresAt, config } = plan;
  const header = { version, plan: digest, environment, operation, createdAt, expiresAt, config };
  const { summary } = plan;
  const targets = { stores: sorted(plan.targets.stores), databases: sorted(plan.targets.databases) };
  const body = { ...header, targets, summary, steps: plan.steps.map(ordered) };
  const comment = [
    `# ${renderSummary(summary)}`,
    "# Read it with:   dbops show FILE",
    "# Carry it out:   dbops apply FILE",
    "# An edited plan is refused: change the environment file, or plan again with --target and --except.",
  ];
  const yaml = stringify(body, { aliasDuplicateObjects: false, lineWidth: 0, version: "1.2" });
  return `${comment.join("\n")}\n${yaml}`;
}

/**
 * Parses what `renderPlan` wrote. Throws PLAN_INVALID, with the place, for what is no plan of this version, and for
 * aliases, anchors, tags, duplicate keys and further documents; PLAN_EDITED when the digest is not the plan's.
 */
export function parsePlan(text: string, file: string): Plan {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const at = (offset: number): Where => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const remark = firstRemark(document);
  if (remark !== null) invalid(remark.detail, at(remark.offset));
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  refuseOtherVersion(value, at(0));
  const fault = planFault(value);
  if (fault !== null)
    invalid(`${renderPath(fault.path)} ${fault.detail}`.trim(), at(offsetOf(document, fault.path)));
  const plan = value as Plan; // planFault has looked at every member
  const loose = looseEnd(plan.steps);
  if (loose !== null) invalid(loose.detail, at(offsetOf(document, ["steps", loose.index])));
  if (planDigest(plan) !== plan.plan)
    fail("PLAN_EDITED", `${file} says it is ${plan.plan.slice(0, 12)}, its content is another`, {
      fix: `dbops plan ${plan.environment}`,
      where: at(offsetOf(document, ["plan"])),
    });
  return plan;
}

/** Keys in the order in which people read them; what a step acts on stands before what it waits for. */
function ordered(step: Step): Readonly<Record<string, unknown>> {
  const { id, kind, effect, why, database, needs, after, pointOfNoReturn, ...parameters } = step;
  const mark = pointOfNoReturn === undefined ? {} : { pointOfNoReturn };
  return { id, kind, effect, ...mark, why, database, ...parameters, needs, after };
}

function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function invalid(detail: string, where: Where): never {
  fail("PLAN_INVALID", detail, { where });
}

interface Remark {
  readonly offset: number;
  readonly detail: string;
}

/** What is not plain YAML: the file must mean what a reviewer sees. */
function firstRemark(document: Document): Remark | null {
  const remarks: Remark[] = document.errors.map((error) => ({
    offset: error.pos[0],
    detail: MESSAGES[error.code] ?? "this is not valid YAML",
  }));
  visit(document, {
    Node(_, node) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) remarks.push({ offset, detail: "aliases (*name) are not allowed" });
      else if (node.anchor !== undefined) remarks.push({ offset, detail: "anchors (&name) are not allowed" });
      else if (node.tag !== undefined) remarks.push({ offset, detail: "tags (!name) are not allowed" });
    },
  });
  if (document.directives?.yaml.explicit === true)
    remarks.push({ offset: 0, detail: "directives (%YAML) are not allowed" });
  return remarks.sort((a, b) => a.offset - b.offset)[0] ?? null;
}

const MESSAGES: Readonly<Record<string, string>> = {
  BAD_ALIAS: "aliases (*name) are not allowed",
  DUPLICATE_KEY: "this key is given twice",
  MULTIPLE_DOCS: "there must be one document in the file",
  TAG_RESOLVE_FAILED: "tags (!name) are not allowed",
};

function refuseOtherVersion(value: unknown, where: Where): void {
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (version === 1) return;
  if (version === undefined) invalid("this is no plan of dbops: it has no version", where);
  invalid(`this plan has version ${String(version)}; this dbops reads version 1`, where);
}

/** A step that is there twice, or that names a step which does not stand before it. */
function looseEnd(steps: readonly Step[]): { readonly index: number; readonly detail: string } | null {
  const before = new Set<string>();
  for (const [index, step] of steps.entries()) {
    if (before.has(step.id)) return { index, detail: `two steps are called ${step.id}` };
    const made = madeFirst(step);
    const missing = [...step.needs, ...step.after, ...made].find((id) => !before.has(id));
    if (missing !== undefined)
      return { index, detail: `${step.id} names ${missing}, which does not stand before it` };
    before.add(step.id);
  }
  return null;
}

/** The step that makes the backup which this one is about; none where it is listed already. */
function madeFirst(step: Step): readonly string[] {
  if (!("backup" in step) || typeof step.backup === "string") return [];
  return "made" in step.backup ? [step.backup.made] : [];
}

/** The offset of a value, or of the nearest thing around it. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    const key = isMap(parent) ? parent.items.find((pair) => String(pair.key) === name)?.key : undefined;
    const node = isNode(key) ? key : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
