import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandsFor, debianNeeds, installPackages, packagesFor } from "../../scripts/debian-packages.ts";
import { isCurrent, serversFor } from "../../scripts/go-servers.ts";
import { canSwitch } from "../../scripts/go-toolchain.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dbops-setup-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("what has to be installed", () => {
  it("is only what is not there, sorted", () => {
    const needs = [
      { package: "zstd", isThere: () => false },
      { package: "openssl", isThere: () => true },
      { package: "age", isThere: () => false },
    ];
    expect(packagesFor(needs)).toEqual(["age", "zstd"]);
  });

  it("is nothing on a machine that runs these tests", () => {
    expect(packagesFor(debianNeeds("test", true))).toEqual([]);
  });

  it("has no compiler and no openssl for the quickstart", () => {
    const names = debianNeeds("quickstart", false).map((need) => need.package);
    expect(names).toEqual(["postgresql-15", "age", "zstd"]);
  });

  it("forbids a cluster on port 5432 before the server package comes", () => {
    const commands = commandsFor(["age", "postgresql-15"]);
    const setting = commands.findIndex((one) => one.includes("create_main_cluster = false"));
    const install = commands.findIndex((one) => one.includes("apt-get install"));
    expect(setting).toBeGreaterThanOrEqual(0);
    expect(install).toBeGreaterThan(setting);
    expect(commandsFor(["age"]).join("\n")).not.toContain("create_main_cluster");
  });

  it("is told as commands, and not installed, where this is not root on Debian", async () => {
    const said: string[] = [];
    const done = await installPackages(["age", "postgresql-15"], (line) => said.push(line.trim()), false);
    expect(done).toBe(false);
    expect(said).toEqual([
      expect.stringContaining("missing on this machine: age, postgresql-15"),
      ...commandsFor(["age", "postgresql-15"]),
    ]);
  });
});

describe("the S3 servers of the tests", () => {
  const pin = { module: "example.com/server", version: "v1.2.0" };
  const built = (version: string) =>
    `\x7fELF…path\texample.com/server\nmod\texample.com/server\t${version}\th1:x=\n`;

  it("are built again when the pinned version is another one, or none is there", () => {
    const path = join(folder, "server");
    expect(isCurrent(path, pin)).toBe(false);
    writeFileSync(path, built("v1.2.0"));
    expect(isCurrent(path, pin)).toBe(true);
    writeFileSync(path, built("v1.2.0-rc1"));
    expect(isCurrent(path, pin)).toBe(false);
  });

  it("are looked for in DBOPS_TEST_CACHE, and an endpoint in DBOPS_TEST_S3 takes the place of MinIO", () => {
    const empty = { DBOPS_TEST_CACHE: folder };
    expect(serversFor(empty).map((one) => one.name)).toEqual(["minio", "versitygw"]);
    const given = { ...empty, DBOPS_TEST_S3: "http://127.0.0.1:9000" };
    expect(serversFor(given).map((one) => one.name)).toEqual(["versitygw"]);
  });

  it("need a toolchain brought as a module where go cannot switch by itself", () => {
    expect(canSwitch("1.19.8")).toBe(false);
    expect(canSwitch("1.20")).toBe(false);
    expect(canSwitch("1.21.0")).toBe(true);
    expect(canSwitch("1.26.8")).toBe(true);
  });
});
