import { describe, expect, it } from "vitest";
import type { PlainContents } from "../../../src/model/archive-contents.ts";
import type { Backup } from "../../../src/model/backup.ts";
import type { Connection } from "../../../src/model/environment.ts";
import type { Planned } from "../../../src/model/planned.ts";
import { database, environment } from "../build.ts";
import { BACKUP, type Difference, planned, properties } from "./build.ts";

const FILE: Backup = { ...BACKUP, layout: "classic", origin: null };
const CONTENTS: PlainContents = {
  state: "plain",
  storedBytes: 1000,
  sha256: "d".repeat(64),
  serverVersion: "15.18",
  pgDumpVersion: "15.18",
};

/** A restore of the runbook's file over a database without a schema revision. */
function ofFile({ live = {}, restore, ...more }: Difference = {}): Planned {
  return planned({
    stores: { primary: [FILE] },
    live: live === null ? null : { schemaRevision: null, ...live },
    restore: { contents: CONTENTS, ...restore },
    ...more,
  });
}

function stepIn<K extends Planned["plan"]["steps"][number]["kind"]>({ plan }: Planned, kind: K) {
  return plan.steps.find((step) => step.kind === kind);
}

describe("a restore of the runbook's file", () => {
  it("reads the file that the checksum was planned for, loads it as SQL, and holds it where it is", () => {
    const plan = ofFile();
    expect(plan.problems).toEqual([]);
    expect(stepIn(plan, "hold")).toMatchObject({ layout: "classic" });
    expect(stepIn(plan, "download")).toMatchObject({
      layout: "classic",
      expect: { etag: FILE.etag, sha256: CONTENTS.sha256 },
    });
    expect(stepIn(plan, "load")).toMatchObject({ format: "sql", jobs: 1, skip: [], tolerate: [] });
  });

  it("is named before it is dumped when the scripts made it, which is told of no file that dbops wrote", () => {
    const named = expect.stringContaining("got its name before it was dumped");
    expect(details(ofFile())).toContainEqual(named);
    const own = ofFile({ stores: { primary: [{ ...FILE, origin: "scheduled" }] } });
    expect(details(own)).not.toContainEqual(named);
  });

  it("tolerates nothing: the first error undoes all", () => {
    const { plan, problems } = ofFile({ request: { tolerate: ["1 2 INDEX public a app"] } });
    expect(plan.steps).toEqual([]);
    expect(problems).toMatchObject([{ code: "USAGE", detail: expect.stringContaining("--tolerate") }]);
  });

  it("goes only into a database of its own", () => {
    expect(ofFile({ request: { inPlace: true } }).problems).toContainEqual(
      expect.objectContaining({ code: "USAGE", detail: expect.stringContaining("--in-place") }),
    );
  });

  it("stops where the database has a schema revision, which nobody knows of the file", () => {
    const live = { schemaRevision: "one" };
    expect(ofFile({ live }).problems).toMatchObject([
      { code: "SCHEMA_MISMATCH", detail: expect.stringContaining("at one that nobody knows") },
    ]);
    expect(ofFile({ live, request: { keepSchema: true } }).problems).toEqual([]);
  });

  it("is warned of where its server was a newer one", () => {
    const newer = ofFile({ restore: { contents: { ...CONTENTS, serverVersion: "17.6 (Ubuntu)" } } });
    expect(details(newer)).toContainEqual(expect.stringContaining("the backup is of PostgreSQL 17"));
  });
});

describe("what the restored database is made with", () => {
  it("is that of the database that it replaces", () => {
    const live = { properties: properties({ encoding: "LATIN1" }) };
    expect(stepIn(ofFile({ live }), "create")).toMatchObject({ like: { encoding: "LATIN1" } });
  });

  it("is that of the declared database where it gets another name", () => {
    const aside = { live: null, request: { into: "aside" } };
    const plan = ofFile({ ...aside, restore: { live: "aside", declaredLocale: localeOf("LATIN1") } });
    expect(stepIn(plan, "create")).toMatchObject({ like: localeOf("LATIN1") });
    expect(details(plan)).not.toContainEqual(expect.stringContaining("template0"));
  });

  it("is the server's own where nothing else is known, owned by admin and open, which is said", () => {
    const plan = ofFile({ live: null, target: { template: localeOf("SQL_ASCII") } });
    expect(stepIn(plan, "create")).toMatchObject({ like: { encoding: "SQL_ASCII" } });
    expect(stepIn(plan, "swap")).toMatchObject({ properties: { owner: "postgres", accessPrivileges: null } });
    expect(details(plan)).toContainEqual(expect.stringContaining("template0"));
    expect(details(plan)).toContainEqual(expect.stringContaining("postgres will own"));
  });
});

describe("a file of another environment", () => {
  const from = (connection: Connection, live: Difference["live"] = { markedEnvironment: null }) =>
    ofFile({
      from: "staging",
      live,
      source: { ...environment({ ...database(), connection }), name: "staging" },
    });
  const at = (host: string): Connection => ({
    kind: "parts",
    host,
    port: 5432,
    database: "trading_signals",
    user: "backup",
    password: null,
    sslmode: "prefer",
    sslrootcert: null,
  });
  const service: Connection = { kind: "service", service: "s" };

  it("never goes over the database that its own file declares", () => {
    expect(from(at("db")).problems).toMatchObject([{ code: "DATABASE_MISMATCH" }]);
  });

  it("goes elsewhere, and it is said what that was told by", () => {
    const plan = from(at("other"));
    expect(plan.problems).toEqual([]);
    expect(details(plan)).toContainEqual(expect.stringContaining("only the endpoints in the two files"));
  });

  it("goes over no database of which nothing tells whose it is, unless that is marked", () => {
    expect(from(service).problems).toMatchObject([
      { code: "DATABASE_MISMATCH", fix: expect.stringContaining("SET dbops.environment = 'production'") },
    ]);
    expect(from(service, { markedEnvironment: "production" }).problems).toEqual([]);
    expect(from(service, null).problems).toEqual([]);
  });
});

function details({ notices }: Planned): readonly string[] {
  return notices.map((one) => one.detail);
}

function localeOf(encoding: string) {
  const none = { icuLocale: null, icuRules: null };
  return { encoding, collate: "C", ctype: "C", localeProvider: "libc", ...none } as const;
}
