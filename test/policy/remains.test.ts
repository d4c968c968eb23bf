import { describe, expect, it } from "vitest";
import { isOwnUpload, isUploading } from "../../src/policy/remains.ts";
import { backupAt, daysAgo, NOW } from "../plan/build.ts";

const OF = { environment: "production", database: "app" };

describe("an unfinished write", () => {
  it.each([
    "app/20261124_010000/production_app_20261124_010000.dump.zst.age",
    "production_app_20261124_010000.sql.gz.enc",
    "production_app_20261124_010000.sql.gz.enc.sha256",
  ])("is dbops' own: %s", (key) => {
    expect(isOwnUpload({ key }, OF)).toBe(true);
  });

  it.each([
    "app/20261124_010000/notes.txt",
    "production_app_other_20261124_010000.sql.gz.enc", // of the database app_other, which one prefix lists as well
    "staging_app_20261124_010000.sql.gz.enc",
    "production_app_20261124_010000.sql.gz",
  ])("is somebody else's: %s", (key) => {
    expect(isOwnUpload({ key }, OF)).toBe(false);
  });

  it.each([
    ["the file", ".sql.gz.enc", 0, true],
    ["its checksum", ".sql.gz.enc.sha256", 0, true],
    ["the file, given up two days ago", ".sql.gz.enc", 2, false],
  ])("says that a backup in the runbook's layout is in progress: %s", (_, ending, days, is) => {
    const backup = backupAt(NOW, { layout: "classic", state: "incomplete" });
    const uploads = [{ key: `${backup.name}${ending}`, id: "1", startedAt: daysAgo(days) }];
    expect(isUploading(backup, { state: "listed", backups: [backup], uploads }, NOW)).toBe(is);
  });
});
