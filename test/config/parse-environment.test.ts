import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvironment } from "../../src/config/parse-environment.ts";
import { PLAIN_RESTORE } from "../support/plain-restore.ts";
import { detailsOf, environmentText, KEYS, problemsOf, usedForm } from "./environment-text.ts";

describe("an environment file without problems", () => {
  it("becomes an environment with every default filled in", () => {
    expect(usedForm()).toEqual({
      name: "production",
      file: "environments/production.yaml",
      baseFolder: "/srv/ops",
      protected: false,
      automatic: ["backup", "copy"],
      records: "local",
      locks: "conditional",
      stores: [{ kind: "file", name: "local", path: "/srv/ops/var/backups" }],
      identities: [],
      databases: [
        {
          name: "app",
          connection: {
            kind: "parts",
            host: "db.example.com",
            port: 5432,
            database: "app",
            user: "backup",
            password: null,
            sslmode: "prefer",
            sslrootcert: null,
          },
          admin: null,
          cloneOf: null,
          restore: PLAIN_RESTORE,
          backup: {
            schedules: [{ name: "daily", cron: "0 1 * * *", timezone: "UTC" }],
            stores: [
              {
                store: "local",
                retention: {
                  withinMs: null,
                  daily: 0,
                  weekly: 0,
                  monthly: 0,
                  yearly: 0,
                  atLeast: 3,
                  keepOthersMs: 30 * 86_400_000,
                },
              },
            ],
            format: "archive",
            compression: { zstd: 1 },
            encryption: { kind: "age-recipients", recipients: [KEYS[0]] },
          },
        },
      ],
    });
  });

  it("says what opens the runbook's files only where the file does", () => {
    const encryption = {
      age: { recipients: [KEYS[0]] },
      openssl: { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } },
    };
    expect(usedForm({ backup: { encryption } }).databases[0]?.backup).toMatchObject({
      encryption: { kind: "age-recipients" },
      classicPassphrase: { env: "BACKUP_ENCRYPTION_KEY" },
    });
    expect(usedForm().databases[0]?.backup).not.toHaveProperty("classicPassphrase");
  });

  it("counts rows only where the file says so", () => {
    expect(usedForm({ backup: { counts: "exact" } }).databases[0]?.backup.counts).toBe("exact");
    for (const backup of [{}, { counts: "none" }])
      expect(usedForm({ backup }).databases[0]?.backup).not.toHaveProperty("counts");
    expect(detailsOf({ backup: { counts: "estimate" } })).toEqual([
      expect.stringContaining("databases.app.backup.counts"),
    ]);
  });

  it("keeps the order of a database's stores and sorts everything else by name", () => {
    const environment = usedForm({
      top: { records: "zone" },
      stores: { zone: { file: { path: "/z" } }, alpha: { file: { path: "/a" } } },
      backup: {
        stores: ["zone", "alpha"],
        schedules: { b: { cron: "0 2 * * *" }, a: { cron: "0 1 * * *" } },
      },
    });
    expect(environment.stores.map((one) => one.name)).toEqual(["alpha", "local", "zone"]);
    expect(environment.databases[0]?.backup.stores.map((one) => one.store)).toEqual(["zone", "alpha"]);
    expect(environment.databases[0]?.backup.schedules.map((one) => one.name)).toEqual(["a", "b"]);
  });

  it("gives a store with a retention of its own that one as a whole", () => {
    const environment = usedForm({
      top: { records: "local" },
      stores: { dr: { file: { path: "/dr" } } },
      backup: { stores: ["local", { dr: { retention: { within: "60d" } } }], retention: { daily: 30 } },
    });
    const [local, dr] = environment.databases[0]?.backup.stores ?? [];
    expect(local?.retention).toMatchObject({ withinMs: null, daily: 30 });
    expect(dr?.retention).toMatchObject({ withinMs: 60 * 86_400_000, daily: 0 });
  });

  it("fills in what a bucket is used with", () => {
    const s3 = { bucket: "backups", prefix: "/backups/production/", region: "eu-central-1" };
    expect(usedForm({ top: { stores: { local: { s3 } } } }).stores).toEqual([
      {
        kind: "s3",
        name: "local",
        bucket: "backups",
        prefix: "backups/production",
        region: "eu-central-1",
        endpoint: null,
        pathStyle: false,
        checksums: "when_supported",
        storageClass: null,
        serverSideEncryption: null,
        parts: { max: 10_000, equal: false },
        credentials: null,
      },
    ]);
  });

  it("asks a server with an address of its own for the bucket by path", () => {
    const s3 = { bucket: "backups", endpoint: "http://127.0.0.1:9000" };
    expect(usedForm({ top: { stores: { local: { s3 } } } }).stores[0]).toMatchObject({ pathStyle: true });
  });

  it("starts relative paths from the folder above the file's, and ~ from the home folder", () => {
    const environment = usedForm({
      top: {
        identities: [{ file: "keys/age.key" }, { file: "~/age.key" }, { command: ["./bin/key", "./x"] }],
      },
    });
    expect(environment.identities).toEqual([
      { file: "/srv/ops/keys/age.key" },
      { file: `${process.env["HOME"]}/age.key` },
      { command: ["/srv/ops/bin/key", "./x"] },
    ]);
  });

  it.each([
    [{ url: { env: "DATABASE_URL" } }, { kind: "url", url: { env: "DATABASE_URL" } }],
    [{ service: "production" }, { kind: "service", service: "production" }],
  ])("reaches a database by %j", (connection, used) => {
    expect(usedForm({ database: { connection } }).databases[0]?.connection).toEqual(used);
  });

  it("is the same whatever the order of the keys", () => {
    const lines = environmentText().split(/\n(?=\w)/);
    const turned = parseEnvironment(lines.toReversed().join("\n"), {
      file: "environments/production.yaml",
      baseFolder: "/srv/ops",
    });
    expect(turned.environment).toEqual(usedForm());
  });
});

describe("problems of an environment file", () => {
  it("come all at once, in the order of the file, each with its place", () => {
    const text = environmentText({
      top: { protcted: true, version: 2 },
      connection: { port: 0 },
      backup: { stores: ["lokal"] },
    });
    expect(problemsOf(text).map((one) => [one.where?.line, one.detail])).toEqual([
      [1, "version: 2 is not known; it must be 1"],
      [13, "databases.app.connection.port is 0; it must be 1 or more"],
      [
        19,
        'databases.app.backup.stores[0]: the store "lokal" is not declared under stores; did you mean local?',
      ],
      [24, "protcted: unknown key; did you mean protected?"],
    ]);
  });

  it("name an empty file", () => {
    expect(problemsOf("# nothing\n").map((one) => one.detail)).toEqual([
      "environments/production.yaml is empty",
    ]);
  });

  it("name an environment that is not the file's", () => {
    expect(detailsOf({ top: { environment: "prod" } })).toEqual([
      'environment is "prod", but the file is production.yaml; both must be the same',
    ]);
  });

  it("leave no environment to be used", () => {
    const parsed = parseEnvironment(environmentText({ top: { protected: "yes" } }), {
      file: "environments/production.yaml",
      baseFolder: "/srv/ops",
    });
    expect(parsed.environment).toBeNull();
  });
});

describe("any text", () => {
  const place = { file: "environments/production.yaml", baseFolder: "/srv/ops" };
  const isUnderstood = (text: string): void => {
    const { environment, problems } = parseEnvironment(text, place);
    expect(environment === null).toBe(problems.length > 0);
    for (const one of problems) expect(one.where?.line).toBeGreaterThan(0);
  };

  it("gives an environment or problems with a place, and never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), isUnderstood));
  });

  it("of the signs of YAML gives problems, and never throws", () => {
    const sign = fc.constantFrom(
      ..."-:?[]{},&*!|>'\"%@`#~ \n\tab1.".split(""),
      "stores",
      "databases",
      ": ",
      "\n  ",
    );
    fc.assert(fc.property(fc.array(sign, { maxLength: 60 }), (signs) => isUnderstood(signs.join(""))));
  });

  it("that was a valid file before one part was replaced gives an environment or problems", () => {
    const lines = environmentText({ backup: { retention: { within: "2d", daily: 30 } } }).split("\n");
    const edit = fc.record({ line: fc.nat(lines.length - 1), value: fc.json({ maxDepth: 3 }) });
    fc.assert(
      fc.property(edit, ({ line, value }) => {
        const edited = lines.with(line, (lines[line] ?? "").replace(/(:|-) .*$|:$/, `: ${value}`));
        isUnderstood(edited.join("\n"));
      }),
    );
  });
});
