import { describe, expect, it } from "vitest";
import type { DatabaseInside, SchemaInside } from "../../../src/model/in-place.ts";
import type { Planned } from "../../../src/model/planned.ts";
import type { SwapSchemasStep } from "../../../src/model/restore-steps.ts";
import { type Difference, entry, planned } from "./build.ts";

const INSIDE: DatabaseInside = {
  schemas: [schema("app"), schema("public", { owner: "pg_database_owner" })],
  extensions: [],
  loose: [],
  extensionTables: [],
  hasLargeObjects: false,
  canCreateSchemas: true,
  canClose: true,
  hasDefaultPrivileges: false,
};

function schema(name: string, more: Partial<SchemaInside> = {}): SchemaInside {
  return {
    name,
    oid: 100 + name.length,
    owner: "app",
    isOwned: true,
    extension: null,
    holdsOwn: true,
    ...more,
  };
}

/** As a role that may not create databases, unless said otherwise. */
function inPlace(inside: Partial<DatabaseInside> = {}, more: Difference = {}): Planned {
  const role = { name: "dba", isSuperuser: false, canCreateDatabases: false, memberOf: ["app", "dba"] };
  return planned({
    ...more,
    request: { inPlace: true, ...more.request },
    target: { role, ...more.target },
    restore: { inside: { state: "read", ...INSIDE, ...inside }, ...more.restore },
  });
}

function asideOf({ plan }: Planned): SwapSchemasStep {
  const step = plan.steps.find((one) => one.kind === "swap" && one.type === "schemas");
  if (step?.kind !== "swap" || step.type !== "schemas") throw new Error("nothing is moved");
  return step;
}

function skipped({ plan }: Planned): readonly string[] {
  return plan.steps.flatMap((step) => (step.kind === "load" ? step.skip.map((one) => one.entry) : []));
}

function details({ problems }: Planned): string {
  return problems.map((one) => `${one.code} ${one.detail}\n${one.fix ?? ""}`).join("\n");
}

describe("a restore in place", () => {
  it("leaves out what an earlier one had put aside when the backup was made, rows included", () => {
    const marked = [
      entry("SCHEMA", "- dbops_0a1b2c3d_old app", 1),
      entry("SCHEMA", "- dbops_0a1b2c3d_old_1 app", 2),
      entry("TABLE", "dbops_0a1b2c3d_old_1 users app", 3),
      entry("TABLE DATA", "dbops_0a1b2c3d_old_1 users app", 4),
    ];
    const made = inPlace({}, { entries: marked });
    expect(details(made)).toBe("");
    expect(skipped(made)).toEqual(marked.map((one) => one.text));
    expect(asideOf(made).moves?.stays).toEqual([]);
  });

  it("moves the schemas aside before the load, and ends with keeping it or giving the names back", () => {
    const made = inPlace();
    expect(made.problems).toEqual([]);
    expect(
      made.plan.steps.map(({ id, needs, after }) => [id.slice(16), ...needs, ...after].join(" ")),
    ).toEqual([
      "pin",
      "aside trading_signals.pin",
      "download trading_signals.pin trading_signals.aside",
      "decrypt trading_signals.download",
      "load trading_signals.decrypt",
      "analyze trading_signals.load",
      "check trading_signals.analyze",
      "swap trading_signals.check",
      "back trading_signals.aside trading_signals.swap",
      "unpin trading_signals.swap",
    ]);
    expect(asideOf(made)).toMatchObject({ pointOfNoReturn: true, expect: { liveOid: 16384 } });
    expect(asideOf(made).moves?.schemas.map(({ name }) => name)).toEqual(["app", "public"]);
  });

  it("makes public as in a new database, and as it was where the role may not", () => {
    const made = (inside: Partial<DatabaseInside>, serverVersion = "15.18") =>
      asideOf(inPlace(inside, { target: { serverVersion } })).moves?.made;
    expect(made({})).toEqual([{ name: "public", owner: "pg_database_owner" }]);
    expect(made({ schemas: [schema("public")], canClose: false })).toEqual([
      { name: "public", owner: "app" },
    ]);
    expect(made({ schemas: [schema("public", { owner: "other" })], canClose: false })).toEqual([
      { name: "public", owner: null },
    ]);
    expect(made({ schemas: [schema("public")] }, "14.9")).toEqual([{ name: "public", owner: "app" }]);
  });

  it("leaves alone what belongs to an extension, or holds nothing else, and what the archive has there", () => {
    const inside = {
      schemas: [
        schema("cron", { extension: "pg_cron" }),
        schema("ext", { holdsOwn: false, isOwned: false }),
        schema("public"),
      ],
      extensions: [{ name: "postgis", schema: "ext", isRelocatable: false, isOwned: false }],
    };
    const entries = [
      entry("SCHEMA", "- ext app", 2),
      entry("ACL", "- SCHEMA ext app", 3),
      entry("TABLE", "public t app", 4),
    ];
    const made = inPlace(inside, { entries });
    expect(made.problems).toEqual([]);
    expect(asideOf(made).moves?.stays.map(({ name }) => name)).toEqual(["cron", "ext"]);
    expect(skipped(made)).toEqual(["0 2 SCHEMA - ext app", "0 3 ACL - SCHEMA ext app"]);
  });

  it("takes an extension along where it can be moved, into a schema that is made for it", () => {
    const inside = {
      schemas: [schema("lib"), schema("public")],
      extensions: [{ name: "hstore", schema: "lib", isRelocatable: true, isOwned: true }],
    };
    const made = inPlace(inside, { entries: [entry("SCHEMA", "- lib app", 2)] });
    expect(asideOf(made).moves).toMatchObject({
      made: [{ name: "public" }, { name: "lib", owner: "app" }],
      extensions: [{ name: "hstore", schema: "lib" }],
    });
    expect(skipped(made)).toEqual(["0 2 SCHEMA - lib app"]);
  });

  it("leaves out what stands in no schema and is there, with what is about it, and loads the rest", () => {
    const loose = [
      { type: "PUBLICATION", name: "p", schemas: [] },
      { type: "SERVER", name: "s", schemas: [] },
      { type: "PROCEDURAL LANGUAGE", name: "plperl", schemas: [] },
      { type: "CAST", name: "CAST (text AS jsonb)", schemas: [] },
    ];
    const there = [
      ...[entry("PUBLICATION", "- p app", 2), entry("COMMENT", "- PUBLICATION p app", 3)],
      ...[entry("SERVER", "- s app", 4), entry("ACL", "- FOREIGN SERVER s app", 5)],
      ...[entry("ACL", "- LANGUAGE plperl app", 6), entry("CAST", "- CAST (text AS jsonb)", 7)],
    ];
    const others = [entry("PUBLICATION", "- q app", 8), entry("PUBLICATION TABLE", "public p t app", 9)];
    expect(skipped(inPlace({ loose }, { entries: [...there, ...others] }))).toEqual(
      there.map(({ text }) => text),
    );
  });

  it("tells what goes on using what was moved aside", () => {
    const loose = [{ type: "EVENT TRIGGER", name: "t", schemas: ["app"] }];
    const told = inPlace({ loose }).notices.map(({ detail }) => detail);
    expect(told).toContainEqual(expect.stringContaining("goes on using what was moved aside"));
    expect(told).toContainEqual(expect.stringContaining("run by the load as well: t"));
  });
});

describe("data that cannot be loaded in place", () => {
  const blobs = [entry("BLOB", "- 4711 app", 2), entry("BLOBS", "- BLOBS ", 3)];
  const config = [entry("TABLE DATA", "cron job app", 4)];

  it.each([
    ["large objects beside others", { hasLargeObjects: true }, blobs],
    ["large objects in a database that cannot be closed", { canClose: false }, blobs],
    ["rows of an extension that stays", { schemas: [schema("cron", { extension: "pg_cron" })] }, config],
    [
      "rows of an extension in a schema that moves",
      { schemas: [schema("cron")], extensionTables: [{ schema: "cron", name: "job" }] },
      config,
    ],
  ])("is given up only by name: %s", (_what, inside, entries) => {
    const data = entries.at(-1)?.text ?? "";
    const refused = inPlace(inside, { entries });
    expect(refused.plan.steps).toEqual([]);
    expect(details(refused)).toContain(`--tolerate '${data}'`);
    const accepted = inPlace(inside, { entries, request: { tolerate: [data] } });
    expect(accepted.problems).toEqual([]);
    expect(skipped(accepted)).toEqual(entries.map(({ text }) => text));
  });

  it("is none where large objects meet no others", () => {
    expect(skipped(inPlace({}, { entries: blobs }))).toEqual([]);
  });
});

describe("a restore in place is refused", () => {
  const stuck = { name: "citext", schema: "public", isRelocatable: true, isOwned: false };

  it.each<[string, Partial<DatabaseInside>, RegExp]>([
    [
      "without the right to make schemas",
      { canCreateSchemas: false },
      /GRANT CREATE ON DATABASE "trading_signals" TO "dba";/,
    ],
    [
      "over a schema of another role",
      { schemas: [schema("other", { owner: "boss", isOwned: false })] },
      /other \(boss\)\nGRANT "boss" TO "dba";/,
    ],
    [
      "over public without the rights of the database's owner",
      { schemas: [schema("public", { owner: "pg_database_owner", isOwned: false })] },
      /GRANT "app" TO "dba";/,
    ],
    [
      "around an extension that belongs to the server",
      { extensions: [stuck] },
      /citext stands in public.*belongs to others than dba/,
    ],
    [
      "around an extension that cannot be moved",
      { extensions: [{ ...stuck, isOwned: true, isRelocatable: false }] },
      /not relocatable/,
    ],
  ])("%s", (_why, inside, expected) => {
    const refused = inPlace(inside);
    expect(refused.plan.steps).toEqual([]);
    expect(details(refused)).toMatch(expected);
  });

  it("where an extension stands elsewhere than in the backup", () => {
    const extensions = [{ name: "hstore", schema: "ext", isRelocatable: true, isOwned: true }];
    const detail = { extensions: [{ name: "hstore", version: "1.8", schema: "public" }] };
    expect(details(inPlace({ extensions }, { detail }))).toContain(
      'ALTER EXTENSION "hstore" SET SCHEMA "public";',
    );
  });

  it("while slots would send what is loaded, unless that is accepted, and while a subscription writes", () => {
    const slots = [{ name: "s", type: "logical", active: true }] as const;
    expect(details(inPlace({}, { live: { slots } }))).toContain("--accept-slot-loss");
    const accepted = inPlace({}, { live: { slots }, request: { acceptSlotLoss: true } });
    expect(asideOf(accepted).lostSlots).toEqual(["s"]);
    const subscriptions = [{ name: "sub", enabled: true }];
    expect(details(inPlace({}, { live: { subscriptions } }))).toContain('ALTER SUBSCRIPTION "sub" DISABLE;');
  });

  it("where there is nothing to be in place of, or nobody can get in", () => {
    expect(details(inPlace({}, { live: null }))).toContain("no database to restore in place of");
    expect(details(inPlace({}, { live: { allowsConnections: false } }))).toContain(
      "cannot be restored in place",
    );
  });

  it("with another schema revision, as any restore", () => {
    expect(details(inPlace({}, { live: { schemaRevision: "two" } }))).toContain("SCHEMA_MISMATCH");
  });

  it("and is offered to who may not create databases", () => {
    const role = { name: "dba", isSuperuser: false, canCreateDatabases: false, memberOf: ["app", "dba"] };
    expect(details(planned({ target: { role } }))).toContain("--in-place");
    expect(details(planned({ target: { role }, live: null }))).not.toContain("--in-place");
  });
});
