import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Backup } from "../../src/model/backup.ts";
import type { Observation } from "../../src/model/observation.ts";
import { parseObservation, renderObservation } from "../../src/observe/observation-file.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { problem } from "../../src/problems/problem.ts";

const SCENARIOS = new URL("../scenarios/", import.meta.url);

describe("an observation in a file", () => {
  it("is read as it was written", () => {
    expect(parseObservation(renderObservation(OBSERVATION), "seen.json")).toEqual(OBSERVATION);
  });

  it.each(readdirSync(SCENARIOS).sort())("reads that of scenario %s", (scenario) => {
    const observed: unknown = parse(readFileSync(new URL(`${scenario}/observed.yaml`, SCENARIOS), "utf8"));
    expect(parseObservation(JSON.stringify(observed), "seen.json")).toEqual(observed);
  });

  it("is refused, with the place, where any one key is missing", () => {
    for (const path of pathsOf(OBSERVATION).filter((one) => !OPEN.test(one.join("."))))
      expect(refusal(without(path)), path.join(".")).toContain(`the key ${String(path.at(-1))} is missing`);
    expect(refusal(without(["stores", "primary", "listings", "app", "uploads"]))).toContain(
      "seen.json is no observation of this version of dbops: stores.primary.listings.app the key uploads is missing",
    );
  });

  it("is refused, with the place, where any one value is of another kind", () => {
    for (const path of pathsOf(OBSERVATION))
      expect(refusal(changed(path, 1.5)), path.join(".")).toContain(renderedPath(path));
  });

  it.each(["yesterday", "", "2026-11-24T99:00:00.000Z", "2026-11-24"])("has no instant %j", (at) => {
    const path = ["stores", "primary", "clockAt"];
    expect(refusal(changed(path, at))).toContain("stores.primary.clockAt must be an instant");
  });

  it("has no backup whose name is none", () => {
    const path = ["stores", "primary", "listings", "app", "backups", 0, "name"];
    expect(refusal(changed(path, "../../etc"))).toContain("backups[0].name must be a name");
  });

  it.each(["", "{", "null", "[]", '"text"', '{ "formatVersion": 2 }'])("is not %j", (text) => {
    expect(refusal(text)).toContain("seen.json is no observation");
  });
});

const AT = "2026-11-24T01:00:00.000Z";

const BACKUP: Backup = {
  name: "production_app_20261124_010000",
  database: "app",
  at: AT,
  layout: "directory",
  state: "complete",
  origin: "scheduled",
  bytes: 7,
  etag: "e",
  modifiedAt: AT,
  proofs: [{ at: AT, passed: true }],
  holds: ["h"],
};

const UNREADABLE = {
  state: "unreadable",
  problem: problem("STORE_UNREADABLE", "no answer", { fix: "look" }),
} as const;

const OBSERVATION: Observation = {
  formatVersion: 1,
  environment: "production",
  observedAt: AT,
  stores: {
    dr: UNREADABLE,
    primary: {
      state: "readable",
      storeId: "id",
      clockAt: AT,
      listings: {
        app: {
          state: "listed",
          backups: [BACKUP, { ...BACKUP, origin: null, etag: null }],
          uploads: [{ key: "app/x", id: "1", startedAt: AT }],
        },
        other: UNREADABLE,
      },
    },
  },
  databases: {
    app: {
      state: "reachable",
      identity: { endpoint: "db:5432", database: "app", systemIdentifier: null, oid: 5 },
      serverVersion: "15.18",
      sizeBytes: 1,
      clockAt: "2026-11-24T01:00:00.123456Z",
      problems: [problem("RIGHTS_MISSING", "a table")],
    },
    other: UNREADABLE,
  },
};

/** What may be missing: names of stores and databases, items of lists, `fix`; without `state` another thing is said. */
const OPEN = /(^|\.)(\d+|fix|state|stores\.\w+|listings\.\w+|databases\.\w+)$/;

type Path = readonly (string | number)[];

function pathsOf(value: unknown): readonly Path[] {
  if (typeof value !== "object" || value === null) return [];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, member]) => [[key], ...pathsOf(member).map((path) => [key, ...path])]);
}

function renderedPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`))
    .join("");
}

function without(path: Path): string {
  return edited(path, (parent, key) => delete parent[key]);
}

function changed(path: Path, value: unknown): string {
  return edited(path, (parent, key) => {
    parent[key] = value;
  });
}

function edited(
  path: Path,
  edit: (parent: Record<string | number, unknown>, key: string | number) => void,
): string {
  const copy: unknown = JSON.parse(JSON.stringify(OBSERVATION));
  let parent = copy as Record<string | number, unknown>; // an object, as every value on the way to a member
  for (const part of path.slice(0, -1)) parent = parent[part] as Record<string | number, unknown>;
  edit(parent, path.at(-1) ?? "");
  return JSON.stringify(copy);
}

function refusal(text: string): string {
  try {
    parseObservation(text, "seen.json");
  } catch (error) {
    if (error instanceof DbopsError && error.is("USAGE")) return error.message;
    throw error;
  }
  throw new Error(`this was read as an observation: ${text}`);
}
