import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf, shown } from "../finding.ts";
import { didYouMean } from "../suggestion.ts";

/** Every name of a store must be declared, and used once in a list; several stores need `records`; reserved names. */
export function referenceRules(draft: Draft): readonly Finding[] {
  const databases = draft.keys(["databases"]);
  return [
    ...recordsFindings(draft),
    ...databases.flatMap((name) => reservedFindings(name)),
    ...databases.flatMap((name) => listFindings(draft, ["databases", name, "backup", "stores"])),
  ];
}

function recordsFindings(draft: Draft): readonly Finding[] {
  const declared = draft.keys(["stores"]);
  const path = ["records"];
  if (draft.value(path) === undefined) {
    if (declared.length < 2) return [];
    const detail = `with several stores, records must name the one that holds locks, journal and plans: ${declared.join(" or ")}`;
    return [{ path: ["stores"], at: "key", detail }];
  }
  const records = draft.part<string>(path);
  return records === null ? [] : undeclared(path, records, declared);
}

function reservedFindings(name: string): readonly Finding[] {
  if (name !== "environment") return [];
  const detail = `databases.${name}: the name environment is taken by the journal of the environment itself; choose another`;
  return [{ path: ["databases", name], at: "key", detail }];
}

function listFindings(draft: Draft, path: Path): readonly Finding[] {
  const declared = draft.keys(["stores"]);
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (let index = 0; index < draft.count(path); index += 1) {
    const place = [...path, index];
    const name = nameAt(draft, place);
    if (name === null) continue;
    findings.push(...undeclared(place, name, declared));
    if (seen.has(name))
      findings.push({
        path: place,
        at: "value",
        detail: `${placeOf(place)}: the store ${shown(name)} is listed twice`,
      });
    seen.add(name);
  }
  return findings;
}

function nameAt(draft: Draft, path: Path): string | null {
  const entry = draft.value(path);
  if (typeof entry === "string") return entry;
  const keys = draft.keys(path);
  return keys.length === 1 ? (keys[0] ?? null) : null;
}

function undeclared(path: Path, name: string, declared: readonly string[]): readonly Finding[] {
  if (declared.includes(name)) return [];
  const detail = `${placeOf(path)}: the store ${shown(name)} is not declared under stores${didYouMean(name, declared)}`;
  return [{ path, at: "value", detail }];
}
