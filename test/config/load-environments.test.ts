import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadEnvironment, loadEnvironments } from "../../src/config/load-environments.ts";
import { DbopsError } from "../../src/problems/dbops-error.ts";
import { environmentText } from "./environment-text.ts";

let root = "";
let folder = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "dbops-config-"));
  folder = join(root, "environments");
  await mkdir(folder);
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

describe("a file that a restore would run", () => {
  const database = { restore: { sanitize: ["sql/there.sql", "sql", "sql/gone.sql"] } };

  it("is told by its place when it is not here, and keeps nobody from backing up", async () => {
    await mkdir(join(root, "sql"));
    await writeFile(join(root, "sql", "there.sql"), "SELECT 1;");
    await write("production", { database });
    const { environments, problems, missingFiles } = await loadEnvironments(["production"], folder);
    expect(problems).toEqual([]);
    expect(environments.map((one) => one.name)).toEqual(["production"]);
    expect(missingFiles.map((one) => one.detail)).toEqual([
      expect.stringMatching(/sql is no file$/),
      expect.stringMatching(/gone\.sql cannot be read: it does not exist$/),
    ]);
    expect(missingFiles[0]?.where).toMatchObject({ column: 11 });
  });

  it("is not looked for where the file has other problems", async () => {
    await write("production", { database, top: { protected: "yes" } });
    expect((await loadEnvironments("all", folder)).missingFiles).toEqual([]);
  });
});

describe("one environment", () => {
  it("is loaded from the file of its name, with paths from the folder above", async () => {
    await write("production");
    const environment = await loadEnvironment("production", folder);
    expect(environment.file).toBe(relative(process.cwd(), join(folder, "production.yaml")));
    expect(environment.stores).toEqual([{ kind: "file", name: "local", path: join(root, "production") }]);
  });

  it("is refused with all its problems", async () => {
    await write("production", { top: { protected: "yes", locks: "all" } });
    const error = await refusal("production");
    expect(error.problems.map((one) => one.code)).toEqual(["CONFIG_INVALID", "CONFIG_INVALID"]);
  });

  it("is not stopped by mistakes of another file", async () => {
    await write("production");
    await write("staging", { top: { protected: "yes" } });
    expect((await loadEnvironment("production", folder)).name).toBe("production");
  });

  it("is stopped when a store of another file lies inside its own, even where that file has mistakes", async () => {
    await write("production");
    const inner = { local: { file: { path: "./production/inner" } } };
    await write("staging", { top: { protected: "yes", stores: inner } });
    const [problem] = (await refusal("production")).problems;
    expect(problem?.where).toMatchObject({ line: 4, column: 3 });
    expect(problem?.detail).toMatch(
      /^stores\.local and stores\.local of .*staging\.yaml:4:3 are not apart: the folder .*inner lies inside/,
    );
  });

  it("that is not there is answered with those that are, the nearest, and the command that makes it", async () => {
    await write("production");
    await write("staging");
    const [problem] = (await refusal("prodution")).problems;
    expect(problem).toMatchObject({ code: "CONFIG_UNREADABLE", fix: "dbops init prodution" });
    expect(problem?.detail).toContain("there are production, staging; did you mean production?");
  });

  it("that is not there because its name ends in .yml is answered with the way to rename it", async () => {
    await writeFile(join(folder, "qa.yml"), environmentText());
    expect((await refusal("qa")).problems[0]?.fix).toMatch(/^mv .*qa\.yml .*qa\.yaml$/);
  });

  it("is never looked for outside the folder", async () => {
    await writeFile(join(root, "outside.yaml"), environmentText());
    expect((await refusal("../outside")).problems[0]?.code).toBe("CONFIG_UNREADABLE");
  });

  it("is unreadable when its file is no text", async () => {
    await writeFile(join(folder, "production.yaml"), Buffer.from([0x61, 0xff, 0xfe]));
    const [problem] = (await refusal("production")).problems;
    expect(problem).toMatchObject({ code: "CONFIG_UNREADABLE" });
    expect(problem?.detail).toContain("it is not UTF-8 text");
  });

  it("is unreadable when its file is a folder", async () => {
    await mkdir(join(folder, "production.yaml"));
    expect((await refusal("production")).problems[0]?.detail).toContain("it is a folder");
  });
});

describe("all environments", () => {
  it("are loaded together, sorted by name, with every problem of every file", async () => {
    await write("staging", { top: { protected: "yes" } });
    await write("production");
    await write("development", { top: { colour: "red" } });
    const { environments, problems } = await loadEnvironments("all", folder);
    expect(environments.map((one) => one.name)).toEqual(["production"]);
    expect(problems.map((one) => one.where?.file.split("/").at(-1))).toEqual([
      "development.yaml",
      "staging.yaml",
    ]);
  });

  it("that share a store are both named", async () => {
    const stores = { local: { file: { path: "./same" } } };
    await write("staging", { top: { stores } });
    await write("production", { top: { stores } });
    const { environments, problems } = await loadEnvironments("all", folder);
    expect(environments).toEqual([]);
    expect(problems.map((one) => one.where?.file.split("/").at(-1))).toEqual([
      "production.yaml",
      "staging.yaml",
    ]);
  });

  it("of an empty folder are a problem whose fix makes one", async () => {
    expect((await loadEnvironments("all", folder)).problems[0]).toMatchObject({ fix: "dbops init" });
  });

  it("of a folder that is not there are a problem, not an exception", async () => {
    const { problems } = await loadEnvironments("all", join(root, "none"));
    expect(problems[0]?.detail).toContain("it does not exist");
  });

  it("are the files that end in .yaml; one that ends in .yml is named", async () => {
    await write("production");
    await writeFile(join(folder, "README.md"), "x");
    await writeFile(join(folder, ".hidden.yaml"), "x");
    await writeFile(join(folder, "qa.yml"), environmentText());
    const { environments, problems } = await loadEnvironments("all", folder);
    expect(environments.map((one) => one.name)).toEqual(["production"]);
    expect(problems.map((one) => one.detail).join()).toContain("qa.yml is not looked at");
  });
});

async function write(name: string, change: Parameters<typeof environmentText>[0] = {}): Promise<void> {
  const top = { environment: name, stores: { local: { file: { path: `./${name}` } } }, ...change.top };
  await writeFile(join(folder, `${name}.yaml`), environmentText({ ...change, top }));
}

async function refusal(name: string): Promise<DbopsError> {
  const thrown: unknown = await loadEnvironment(name, folder).then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof DbopsError) return thrown;
  throw new Error("the environment was not refused", { cause: thrown });
}
