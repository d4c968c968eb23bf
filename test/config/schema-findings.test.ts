import { describe, expect, it } from "vitest";
import { type Change, detailsOf, environmentText, problemsOf } from "./environment-text.ts";

describe("what the schema finds", () => {
  it.each<[string, Change, string]>([
    [
      "a misspelt key",
      { backup: { retension: {} } },
      "databases.app.backup.retension: unknown key; did you mean retention?",
    ],
    [
      "a key in the wrong place",
      { database: { retention: {} } },
      "databases.app.retention: unknown key; it belongs in databases.*.backup.retention",
    ],
    ["an unknown key", { top: { colour: "red" } }, "colour: unknown key"],
    [
      "a missing key",
      { backup: { encryption: undefined } },
      "databases.app.backup lacks the key encryption: Who can open the backups. The word `none` leaves them readable for everyone who can read the store.",
    ],
    [
      "a misspelt key that is needed, once",
      { backup: { schedules: { a: { crn: "0 1 * * *" } } } },
      "databases.app.backup.schedules.a.crn: unknown key; did you mean cron?",
    ],
    [
      "a misspelt word",
      { connection: { sslmode: "verify-fulll" } },
      'databases.app.connection.sslmode: "verify-fulll" is not known; it must be one of disable, prefer, require, verify-ca, verify-full; did you mean verify-full?',
    ],
    [
      "yes for true",
      { top: { protected: "yes" } },
      "protected must be true or false; it is text; did you mean true?",
    ],
    [
      "a number for text",
      { connection: { database: 5 } },
      "databases.app.connection.database must be text; it is a number; put it in quotes",
    ],
    [
      "text for a number",
      { connection: { port: "5432" } },
      "databases.app.connection.port must be a whole number; it is text; leave out the quotes",
    ],
    [
      "text for a list",
      { backup: { stores: "local" } },
      "databases.app.backup.stores must be a list; it is text; put it in [ ]",
    ],
    ["nothing for a value", { connection: { user: null } }, "databases.app.connection.user has no value"],
    [
      "a port out of range",
      { connection: { port: 65_536 } },
      "databases.app.connection.port is 65536; it must be 65535 or less",
    ],
    [
      "a level that zstd has not",
      { backup: { compression: { zstd: 20 } } },
      "databases.app.backup.compression.zstd is 20; it must be 19 or less",
    ],
    [
      "a rule that keeps nothing",
      { backup: { retention: { daily: 3, atLeast: 0 } } },
      "databases.app.backup.retention.atLeast is 0; it must be 1 or more",
    ],
    [
      "no schedule in schedules",
      { backup: { schedules: {} } },
      "databases.app.backup.schedules must not be empty",
    ],
    ["no store in stores", { backup: { stores: [] } }, "databases.app.backup.stores must not be empty"],
    [
      "an empty path",
      { stores: { local: { file: { path: "" } } } },
      "stores.local.file.path must not be empty",
    ],
    [
      "a store of two kinds",
      { stores: { local: { file: { path: "a" }, s3: { bucket: "abc", region: "x" } } } },
      "stores.local must have one of s3, file; it has 2 keys",
    ],
    ["a store of no kind", { stores: { local: {} } }, "stores.local must have one of s3, file; it has none"],
    [
      "recipients beside a passphrase",
      { backup: { encryption: { age: { recipients: ["x"], passphrase: { env: "P" } } } } },
      "databases.app.backup.encryption.age must have one of recipients, passphrase; it has 2 keys",
    ],
    [
      "a word that is no compression",
      { backup: { compression: "gzip" } },
      "databases.app.backup.compression: this is not known; it must be one of { zstd: LEVEL }, { gzip: LEVEL }, none",
    ],
    [
      "a mistake inside one of several forms, once",
      { backup: { compression: { zstd: "1" } } },
      "databases.app.backup.compression.zstd must be a whole number; it is text; leave out the quotes",
    ],
    ["a consent given twice", { top: { automatic: ["backup", "backup"] } }, "automatic has one entry twice"],
    [
      "a map where a number belongs, whatever is in it",
      { backup: { compression: { zstd: { toString: false } } } },
      "databases.app.backup.compression.zstd must be a whole number; it is a map of keys",
    ],
    [
      "an encryption that says nothing",
      { backup: { encryption: {} } },
      "databases.app.backup.encryption must not be empty",
    ],
    [
      "what later versions will know",
      { database: { drills: {} } },
      "databases.app.drills: drills is not supported yet",
    ],
  ])("names %s", (_, change, detail) => {
    expect(detailsOf(change)).toContain(detail);
  });

  it.each<[string, Change]>([
    ["a misspelt key that is needed", { backup: { schedules: { a: { crn: "0 1 * * *" } } } }],
    ["a mistake inside one of several forms", { backup: { compression: { zstd: "1" } } }],
    ["an unknown store kind", { stores: { other: { s33: { bucket: "b" } } }, top: { records: "local" } }],
    ["a value of the wrong type where few are allowed", { top: { version: "1" } }],
  ])("tells %s only once", (_, change) => {
    expect(detailsOf(change)).toHaveLength(1);
  });

  it.each([
    ["30 days", "did you mean 30d?"],
    ["12 hrs", "did you mean 12h?"],
    ["2weeks", "did you mean 2w?"],
    ["3M", "did you mean 90d?"],
    ["1y", "did you mean 365d?"],
    ["30", "`m` (minutes), `h` (hours), `d` (days) or `w` (weeks)"],
    ["0d", "`m` (minutes), `h` (hours), `d` (days) or `w` (weeks)"],
    ["90s", "`m` (minutes), `h` (hours), `d` (days) or `w` (weeks)"],
    [30, "`m` (minutes), `h` (hours), `d` (days) or `w` (weeks)"],
  ])("tells what a duration is where %j is given", (within, hint) => {
    const [detail] = detailsOf({ backup: { retention: { within } } });
    expect(detail).toContain(
      `databases.app.backup.retention.within: ${JSON.stringify(within)} is no duration`,
    );
    expect(detail).toContain(hint);
  });

  it.each(["App", "_app", "a b", "a".repeat(42), "", "__proto__", "ä"])(
    "refuses %j as the name of a database",
    (name) => {
      const database = { connection: { service: "x" }, backup: { stores: ["local"], encryption: "none" } };
      const databases = Object.fromEntries([[name, database]]);
      expect(detailsOf({ top: { databases } }).join()).toContain("this name is not valid");
    },
  );

  it.each(["Production", "1st", "a_b", "a".repeat(41), ""])(
    "refuses %j as the name of an environment",
    (environment) => {
      expect(detailsOf({ top: { environment } }).join()).toContain("environment: ");
    },
  );

  it("points at the key for an unknown one, and at the value for a wrong one", () => {
    const text = environmentText({ top: { protected: "yes" } }).replace(
      "version: 1",
      "version: 1\nversoin: 2",
    );
    expect(problemsOf(text).map((one) => one.where)).toEqual([
      { file: "environments/production.yaml", line: 2, column: 1 },
      { file: "environments/production.yaml", line: 24, column: 12 },
    ]);
  });
});
