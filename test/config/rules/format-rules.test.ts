import { describe, expect, it } from "vitest";
import { detailsOf, environmentText, KEYS, problemsOf, usedForm } from "../environment-text.ts";

const AGE = { recipients: [KEYS[0]] };
const OPENSSL = { passphrase: { env: "BACKUP_ENCRYPTION_KEY" } };
const SQL = { format: "sql", encryption: { openssl: OPENSSL } };
const PLACE = "databases.app.backup";

describe("the format sql", () => {
  it("is compressed by gzip 6 and sealed by openssl, unless another level is given", () => {
    expect(usedForm({ backup: SQL }).databases[0]?.backup).toMatchObject({
      format: "sql",
      compression: { gzip: 6 },
      encryption: { kind: "openssl" },
      classicPassphrase: { env: "BACKUP_ENCRYPTION_KEY" },
    });
    const fast = usedForm({ backup: { ...SQL, compression: { gzip: 1 } } });
    expect(fast.databases[0]?.backup.compression).toEqual({ gzip: 1 });
  });

  it.each([
    ["encryption", { ...SQL, encryption: "none" }, `${PLACE}.encryption: the format sql has no name for`],
    ["encryption", { ...SQL, encryption: { age: AGE } }, `${PLACE}.encryption lacks the key openssl`],
    [
      "encryption",
      { ...SQL, encryption: { age: AGE, openssl: OPENSSL } },
      `${PLACE}.encryption.age: the for`,
    ],
    [
      "compression",
      { ...SQL, compression: "none" },
      `${PLACE}.compression: the format sql is compressed by g`,
    ],
    [
      "compression",
      { ...SQL, compression: { zstd: 1 } },
      `${PLACE}.compression: the format sql is compressed`,
    ],
  ])("refuses another %s, and says what to write", (_, backup, detail) => {
    const problems = problemsOf(environmentText({ backup }));
    expect(problems).toEqual([
      expect.objectContaining({
        detail: expect.stringContaining(detail),
        fix: expect.stringMatching(/format: archive|compression: \{ gzip: 6 \}/),
      }),
    ]);
  });

  it("has no place for the number of rows", () => {
    const [problem] = problemsOf(environmentText({ backup: { ...SQL, counts: "exact" } }));
    expect(problem).toMatchObject({
      detail: expect.stringContaining(`${PLACE}.counts: the format sql has no place for`),
      fix: "leave counts out, or write format: archive",
    });
    const none = usedForm({ backup: { ...SQL, counts: "none" } }).databases[0]?.backup;
    expect(none).not.toHaveProperty("counts");
  });

  it("says nothing twice where the schema has refused a value", () => {
    expect(detailsOf({ backup: { ...SQL, compression: { gzip: 10 } } })).toEqual([
      `${PLACE}.compression.gzip is 10; it must be 9 or less`,
    ]);
  });
});

describe("an archive", () => {
  it.each([
    [
      { encryption: { openssl: OPENSSL } },
      `${PLACE}.encryption lacks the key age: an archive is sealed by age`,
    ],
    [{ compression: { gzip: 6 } }, `${PLACE}.compression: gzip is for the format sql`],
  ])("has neither openssl alone nor gzip", (backup, detail) => {
    expect(detailsOf({ backup })).toEqual([expect.stringContaining(detail)]);
  });

  it("may name beside age what opens the runbook's files", () => {
    expect(
      usedForm({ backup: { encryption: { age: AGE, openssl: OPENSSL } } }).databases[0]?.backup,
    ).toMatchObject({
      format: "archive",
      encryption: { kind: "age-recipients" },
      classicPassphrase: { env: "BACKUP_ENCRYPTION_KEY" },
    });
  });
});
